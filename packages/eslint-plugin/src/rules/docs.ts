/** Where a rule is documented, and the sentence that says what it wants. */
export const docsOf = (name: string, description: string): { readonly description: string; readonly url: string } => ({
  description,
  url: `https://www.npmjs.com/package/@waybill/eslint-plugin#${name}`,
})
