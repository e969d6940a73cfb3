/** Why a line is not read to its end: the rest may be a quotation, or a comment, or anything else. */
export class Unreadable extends Error {}
