export * from "./Files.ts"
