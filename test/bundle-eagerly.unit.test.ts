import { describe, expect, it } from "vitest"
import { parenthesised } from "../scripts/bundle-eagerly.ts"

/** All functions of a piece of code as called. */
const all = (code: string) => {
  const spans = new Set<`${number} ${number}`>()
  for (let from = 0; from < code.length; from++)
    for (let to = from + 1; to <= code.length; to++) spans.add(`${from} ${to}`)
  return parenthesised(code, spans)
}

describe("functions that are compiled with their file", () => {
  it("are those that were called, and no others", () => {
    const code = "const a=()=>1,b=async x=>2;"
    expect(parenthesised(code, new Set(["8 13"]))).toBe("const a=(()=>1),b=async x=>2;")
    expect(parenthesised(code, new Set())).toBe(code)
  })

  it("stand in parentheses wherever they stand, and mean the same", () => {
    const code = `const f=()=>()=>[function(){return 1},async()=>2,(x)=>x],o={g:()=>3,h(){return 4},get i(){return 5}};class A{j(){return 6}k=()=>7}`
    const written = all(code)
    expect(written).toContain("const f=(()=>(()=>[(function(){return 1}),(async()=>2),((x)=>x)]))")
    expect(written).toContain("o={g:(()=>3),h(){return 4},get i(){return 5}};class A{j(){return 6}k=(()=>7)}")
    const read = (text: string): unknown =>
      // oxlint-disable-next-line typescript/no-implied-eval -- what the text means is what is asked
      new Function(`${text};return [f.name,o.g.name,o.h(),o.i,new A().j(),new A().k(),new A().k.name,f()()[0]()]`)()
    expect(read(written)).toEqual(read(code))
    expect(read(written)).toEqual(["f", "g", 4, 5, 6, 7, "k", 1])
  })
})
