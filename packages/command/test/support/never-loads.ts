export const answer: unknown = await new Promise<never>(() => undefined)
