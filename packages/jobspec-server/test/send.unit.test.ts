import { Effect } from "effect"
import { IncomingMessage, ServerResponse } from "node:http"
import { Socket } from "node:net"
import { expect, it } from "vitest"
import { ok } from "../src/Http.ts"
import { Outflow } from "../src/Outflow.ts"
import { sendAnswer } from "../src/send.ts"

const response = (): ServerResponse => new ServerResponse(new IncomingMessage(new Socket()))
const turn = () => new Promise((done) => setImmediate(done))

it("of answers that go out together, one that cannot be sent keeps back none of the others", async () => {
  const outflow = new Outflow({})
  const [broken, sound] = [response(), response()]
  broken.writeHead(200, { "Content-Length": 0 })
  broken.flushHeaders()
  for (const each of [broken, sound]) await Effect.runPromise(sendAnswer(each, ok({ n: 1 }), outflow))
  await turn()
  expect([broken.destroyed, broken.writableEnded]).toEqual([true, false])
  expect([sound.destroyed, sound.writableEnded, sound.statusCode]).toEqual([false, true, 200])
})
