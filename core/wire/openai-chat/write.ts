// Writes answers and errors the way OpenAI does, so that the official SDKs read the one and raise the right class for the other.
import { isArray, isGiven, isObject, withEdits } from './json.ts'
import { splice } from './render.ts'
import { scanLayout } from './layout.ts'
import type { Answer } from '../../model/answer.ts'
import type { GatewayError } from '../../errors/gateway-error.ts'
import type { Json, JsonObject } from '../../model/value.ts'
import type { TextEdit } from '../../model/content.ts'

/** `extra` becomes the member `sallyport`. `model` stays as the upstream wrote it; the header `x-sallyport-model` has ours. */
export function writeAnswer(
  answer: Answer,
  edits: readonly TextEdit[],
  _model: string,
  extra: JsonObject | null,
): { readonly bytes: Buffer; readonly body: JsonObject } {
  const edited = edits.length === 0 ? answer.body : withoutLogprobs(withEdits(answer.body, edits), edits)
  const body = extra === null ? edited : { ...edited, sallyport: extra }
  if (edits.length > 0 || answer.raw === null) return { bytes: Buffer.from(JSON.stringify(body)), body }
  const bytes =
    extra === null ? answer.raw : splice(answer.raw, scanLayout(answer.raw.toString('latin1'), Infinity).top, { sallyport: extra })
  return { bytes, body }
}

/** The log probabilities of a choice spell its text out token by token: where that was rewritten they must go. */
function withoutLogprobs(body: JsonObject, edits: readonly TextEdit[]): JsonObject {
  const rewritten = new Set(edits.map(({ path }) => path[1]))
  if (!isArray(body.choices)) return body
  const choices = body.choices.map((choice, i) =>
    isObject(choice) && isGiven(choice.logprobs) && rewritten.has(i) ? { ...choice, logprobs: null } : choice,
  )
  return { ...body, choices }
}

export function writeError(error: GatewayError, requestId: string): Buffer {
  return Buffer.from(JSON.stringify(errorBody(error, requestId)))
}

/** The event that ends a broken stream. No `[DONE]` may follow it: that would call the answer whole. */
export function writeStreamError(error: GatewayError, requestId: string): Buffer {
  return Buffer.from(`data: ${JSON.stringify(errorBody(error, requestId))}\n\n`)
}

function errorBody(error: GatewayError, requestId: string): JsonObject {
  const { code, message, param, resolution, reason, policy } = error
  const fields: { [name: string]: Json } = { message, type: typeOf(error.status), code, param, request_id: requestId, resolution }
  if (reason !== null) fields.reason = reason
  if (policy !== null) fields.policy = policy
  return { error: fields }
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 404) return 'not_found_error'
  if (status === 409) return 'conflict_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
