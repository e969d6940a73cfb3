/** The package's version, as its manifest has it; a test compares the two. */
export const version = "0.1.0"
