export { type JsonlStoreOptions, makeJsonlStore } from "./jsonl/JsonlStore.ts"
export { makeMemoryStore } from "./MemoryStore.ts"
