// The behaviours that a test can put before a request, from ordinary answers to every way in which a provider breaks.
import { anthropicEvents, anthropicUnary, openaiChunks, openaiUnary, type AnswerSpec, type ToolCall } from './answers.ts'
import type { Arrived, Behaviour, Ending, Script, Step } from './script.ts'

const JSON_HEADERS = { 'content-type': 'application/json' }
const SSE_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' }

export interface Pace {
  /** Before each event: milliseconds, or promises by event (the last one holds for the rest). */
  readonly delayMs?: number
  /** Waits for this before event number `holdAt` (0 is the first). */
  readonly hold?: Promise<unknown>
  readonly holdAt?: number
}

/** An ordinary answer in the protocol and the mode (unary, stream) that the request asks for. */
export function answer(spec: AnswerSpec, pace: Pace = {}): Behaviour {
  return (request) => {
    if (!request.stream) return unary(request.protocol === 'openai' ? openaiUnary(spec, request) : anthropicUnary(spec, request), pace)
    return { status: 200, headers: SSE_HEADERS, steps: paced(eventsOf(spec, request), pace), ending: 'end' }
  }
}

/** An answer of this text, streamed in the pieces given (else word by word). */
export function text(content: string | readonly string[], pace: Pace = {}): Behaviour {
  return answer({ pieces: typeof content === 'string' ? (content.match(/\S+\s*|\s+/g) ?? []) : content }, pace)
}

export function toolCalls(...calls: readonly ToolCall[]): Behaviour {
  return answer({ pieces: [], toolCalls: calls })
}

/** A status with the error body of the protocol. `code` is OpenAI's `code` and Anthropic's `type`. */
export function status(
  code: number,
  error: { code?: string; message?: string; headers?: { readonly [name: string]: string } } = {},
): Behaviour {
  return (request) => ({
    status: code,
    headers: { ...JSON_HEADERS, ...error.headers },
    steps: [{ bytes: errorBody(request, code, error) }],
    ending: 'end',
  })
}

/** Takes the request and never sends a byte. */
export function hang(): Behaviour {
  return () => ({ status: 0, headers: {}, steps: [], ending: 'hang' })
}

/** Sends the header and then nothing. */
export function hangAfterHeaders(): Behaviour {
  return (request) => ({ status: 200, headers: headersFor(request), steps: [], ending: 'hang' })
}

/** Cuts the connection before any header. */
export function die(): Behaviour {
  return () => ({ status: 0, headers: {}, steps: [], ending: 'destroy' })
}

/** Header and role chunk come, then the connection is cut; a unary answer is cut after its first bytes. */
export function dieBeforeContent(): Behaviour {
  return cutAfter(0, 'destroy')
}

/** Cuts the connection after `pieces` pieces of content. */
export function dieAfter(pieces: number, spec: AnswerSpec = { pieces: ['one ', 'two ', 'three ', 'four'] }): Behaviour {
  return cutAfter(pieces, 'destroy', spec)
}

/** Ends the connection cleanly after `pieces` pieces of content, without the protocol's own end. */
export function endAfter(pieces: number, spec: AnswerSpec = { pieces: ['one ', 'two ', 'three ', 'four'] }): Behaviour {
  return cutAfter(pieces, 'end', spec)
}

/** Falls silent after `pieces` pieces of content. */
export function hangAfter(pieces: number, spec: AnswerSpec = { pieces: ['one ', 'two ', 'three ', 'four'] }): Behaviour {
  return cutAfter(pieces, 'hang', spec)
}

/** Status 200, and the first event of the stream is an error. A unary request gets status 500. */
export function errorEvent(error: { code?: string; message?: string } = {}): Behaviour {
  return (request) => {
    if (!request.stream) return status(500, error)(request)
    const body = errorBody(request, 500, error)
    return {
      status: 200,
      headers: SSE_HEADERS,
      steps: [{ bytes: request.protocol === 'openai' ? `data: ${body}\n\n` : `event: error\ndata: ${body}\n\n` }],
      ending: 'end',
    }
  }
}

/** Status 200 with a body that is no JSON. */
export function malformed(): Behaviour {
  return (request) => ({
    status: 200,
    headers: headersFor(request),
    steps: [{ bytes: request.stream ? 'data: {"choices":[{"delta":{"content":\n\n' : '{"choices":[{' }],
    ending: 'end',
  })
}

/** Status 200 with bytes that belong to no protocol. */
export function garbage(): Behaviour {
  return (request) => ({
    status: 200,
    headers: headersFor(request),
    steps: [{ bytes: Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a, 0x0a, 0x3c, 0x68, 0x74, 0x6d, 0x6c, 0x3e]) }],
    ending: 'end',
  })
}

/** Exactly these bytes, cut where the array is cut. */
export function raw(
  steps: readonly (string | Buffer | Step)[],
  options: { status?: number; headers?: { readonly [name: string]: string }; ending?: Ending } = {},
): Behaviour {
  return (request) => ({
    status: options.status ?? 200,
    headers: { ...headersFor(request), ...options.headers },
    steps: steps.map((step) => (typeof step === 'string' || Buffer.isBuffer(step) ? { bytes: step } : step)),
    ending: options.ending ?? 'end',
  })
}

/** Events of an OpenAI stream from their payloads (objects are written as JSON), with `[DONE]` unless `done: false`. */
export function chunks(payloads: readonly (string | object)[], options: { done?: boolean } = {}): Behaviour {
  const events = payloads.map((payload) => `data: ${typeof payload === 'string' ? payload : JSON.stringify(payload)}\n\n`)
  return raw(options.done === false ? events : [...events, 'data: [DONE]\n\n'])
}

/** The whole answer in slices of `bytes` bytes, whatever they cut through. */
export function drip(content: string, bytes = 1, delayMs = 0): Behaviour {
  return (request) => {
    const script = text(content)(request)
    const whole = Buffer.concat(script.steps.map((step) => Buffer.from(step.bytes)))
    const steps: Step[] = []
    for (let at = 0; at < whole.length; at += bytes) steps.push({ bytes: whole.subarray(at, at + bytes), after: delayMs })
    return { ...script, steps }
  }
}

/** Legal but odd: BOM, CRLF, CR, comments, `data:` without a space, data over several lines, unknown fields, null usage, a usage-only chunk. OpenAI streams only. */
export function oddButLegal(content: string): Behaviour {
  return (request) => {
    const events = eventsOf({ pieces: [...content] }, request)
    const odd = events.map(
      (event, i) =>
        [
          event.replaceAll('\n', '\r\n'),
          event.replaceAll('\n', '\r'),
          event.replace('data: ', 'data:'),
          `: ping\n\nid: ${i}\nretry: 10\nx: y\n${overLines(event)}`,
        ][i % 4]!,
    )
    return { status: 200, headers: SSE_HEADERS, steps: paced([`\uFEFF: welcome\n\n`, ...odd], {}), ending: 'end' }
  }
}

// ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────────────

function unary(body: string, pace: Pace): Script {
  const after = pace.hold ?? pace.delayMs
  return { status: 200, headers: JSON_HEADERS, steps: [after === undefined ? { bytes: body } : { bytes: body, after }], ending: 'end' }
}

function eventsOf(spec: AnswerSpec, request: Arrived): readonly string[] {
  if (request.protocol === 'anthropic') return anthropicEvents(spec, request)
  return [...openaiChunks(spec, request).map((chunk) => `data: ${chunk}\n\n`), 'data: [DONE]\n\n']
}

function paced(events: readonly string[], pace: Pace): readonly Step[] {
  return events.map((bytes, i) => {
    if (pace.hold !== undefined && i === (pace.holdAt ?? 0)) return { bytes, after: pace.hold }
    return pace.delayMs === undefined ? { bytes } : { bytes, after: pace.delayMs }
  })
}

function cutAfter(pieces: number, ending: Ending, spec: AnswerSpec = { pieces: ['one ', 'two ', 'three ', 'four'] }): Behaviour {
  return (request) => {
    if (!request.stream)
      return {
        status: 200,
        headers: { ...JSON_HEADERS, 'content-length': '1000' },
        steps: [{ bytes: '{"id":"chatcmpl-mock","choi' }],
        ending: ending === 'end' ? 'destroy' : ending,
      }
    const events = eventsOf(spec, request)
    const before = request.protocol === 'openai' ? 1 : 3
    return { status: 200, headers: SSE_HEADERS, steps: paced(events.slice(0, before + pieces), {}), ending }
  }
}

function headersFor(request: Arrived): { readonly [name: string]: string } {
  return request.stream ? SSE_HEADERS : JSON_HEADERS
}

function errorBody(request: Arrived, code: number, error: { code?: string; message?: string }): string {
  const message = error.message ?? `The mock upstream answers ${code}.`
  if (request.protocol === 'anthropic')
    return JSON.stringify({ type: 'error', error: { type: error.code ?? 'api_error', message }, request_id: 'req_mock' })
  return JSON.stringify({
    error: { message, type: code >= 500 ? 'server_error' : 'invalid_request_error', param: null, code: error.code ?? null },
  })
}

/** The payload over several `data:` lines: broken after each comma that JSON may break at. */
function overLines(event: string): string {
  return event.startsWith('data: {') ? event.replaceAll(/,(?="(?:object|created|model|choices|usage)":)/g, ',\ndata: ') : event
}
