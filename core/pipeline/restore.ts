// The placeholders of one exchange on their way out, as the last step before the client: guards, filters, cache and record have seen the answer
// with placeholders. Into the arguments of a tool a value comes back only if a policy named the tool.
import type { Answer } from '../model/answer.ts'
import type { BodyPath, Part, TextEdit } from '../model/content.ts'
import type { Exchange } from './exchange.ts'
import type { Json, JsonObject } from '../model/value.ts'
import type { TextGuard } from '../wire/port.ts'
import type { TokenPlace, TokenRestorer, TokenSession } from '../plugin/contract.ts'

/** The edits of the guards with values in the place of placeholders; the same list when there was nothing to restore. */
export function restoreAnswer(exchange: Exchange, answer: Answer, edits: readonly TextEdit[]): readonly TextEdit[] {
  const { tokens } = exchange
  if (!tokens?.isActive) return edits
  const edited = new Map(edits.map(({ path, text }) => [keyOf(path), text]))
  let changed = false
  for (const part of answer.parts) {
    const place = placeOfPart(part, answer.body, answersInJson(exchange))
    const restorer = place && tokens.open(place)
    if (!restorer) continue
    const before = edited.get(keyOf(part.path)) ?? part.text
    const after = restorer.push(before) + restorer.end()
    if (after === before) continue
    edited.set(keyOf(part.path), after)
    changed = true
  }
  if (!changed) return edits
  return answer.parts.flatMap(({ path }) => {
    const text = edited.get(keyOf(path))
    return text === undefined ? [] : [{ path, text }]
  })
}

const keyOf = (path: BodyPath): string => path.join('\u0000')

/** Where values may come back; null elsewhere. Reasoning that is signed must stay as it was signed. */
function placeOfPart({ location, path, encoding }: Part, body: JsonObject, json: boolean): TokenPlace | null {
  const member = path.at(-1)
  if (location === 'completion.text') return { encoding: json && path.length === 4 && member === 'content' ? 'json' : 'text', tool: null }
  if (location === 'completion.reasoning') return member === 'reasoning_content' || member === 'reasoning' ? READ_BY_PEOPLE : null
  if (member !== 'arguments' && member !== 'input') return null
  const name = path.slice(0, -1).reduce<Json | undefined>(memberOf, body)
  const tool = memberOf(name, 'name')
  return typeof tool === 'string' ? { encoding, tool } : null
}

const READ_BY_PEOPLE: TokenPlace = { encoding: 'text', tool: null }

function memberOf(value: Json | undefined, step: string | number): Json | undefined {
  return typeof value === 'object' && value !== null ? (value as { readonly [name: string]: Json })[step] : undefined
}

/** The client asked for JSON, so the visible text is JSON source. */
function answersInJson({ request }: Exchange): boolean {
  const type = memberOf(request?.body.response_format, 'type')
  return type === 'json_object' || type === 'json_schema'
}

/** Restores in streams, behind everything else that touches their text. */
export class StreamRestoring implements TextGuard {
  readonly transparent = false
  readonly #before: TextGuard
  readonly #tokens: TokenSession
  readonly #json: boolean
  /** Tools by channel of their arguments; null where there were two. */
  readonly #tools = new Map<string, TokenPlace | null>()
  /** What a channel still held when it was shut. */
  readonly #left = new Map<string, string>()
  readonly #channels = new Map<string, TokenRestorer | null>()

  private constructor(before: TextGuard, tokens: TokenSession, json: boolean) {
    this.#before = before
    this.#tokens = tokens
    this.#json = json
  }

  /** Null when nothing of this exchange can come back. */
  static behind(exchange: Exchange, before: TextGuard): StreamRestoring | null {
    const { tokens } = exchange
    return tokens?.isActive ? new StreamRestoring(before, tokens, answersInJson(exchange)) : null
  }

  get isStopped(): boolean {
    return this.#before.isStopped === true
  }

  /** Reads the names of tools, which stand beside the texts; before the chunk is written. */
  note(body: JsonObject): void {
    if (!Array.isArray(body.choices)) return
    for (const choice of body.choices as readonly JsonObject[]) {
      const index = typeof choice.index === 'number' ? choice.index : 0
      const calls = memberOf(choice.delta, 'tool_calls')
      if (Array.isArray(calls)) for (const call of calls as readonly Json[]) this.#noteCall(index, call)
      this.#noteName(`${index}/arguments/function`, memberOf(memberOf(choice.delta, 'function_call'), 'name'))
    }
  }

  #noteCall(choice: number, call: Json): void {
    const index = memberOf(call, 'index')
    const channel = `${choice}/arguments/${typeof index === 'number' ? index : 0}`
    this.#noteName(channel, memberOf(memberOf(call, 'function'), 'name'))
    this.#noteName(channel, memberOf(memberOf(call, 'custom'), 'name'))
  }

  /** The name of a call, for its arguments and for its input. */
  #noteName(channel: string, name: Json | undefined): void {
    if (typeof name !== 'string' || name === '') return
    this.#noteTool(channel, { encoding: 'json', tool: name })
    this.#noteTool(`${channel}/input`, { encoding: 'text', tool: name })
  }

  #noteTool(channel: string, place: TokenPlace): void {
    const before = this.#tools.get(channel)
    if (before === undefined) this.#tools.set(channel, place)
    else if (before !== null && before.tool !== place.tool) this.#shut(channel)
  }

  /** Another name on the same channel: a second call without an index of its own, or a name in pieces. Either may be of a tool that nobody named. */
  #shut(channel: string): void {
    const restorer = this.#channels.get(channel)
    if (restorer) this.#left.set(channel, restorer.end())
    this.#tools.set(channel, null)
    this.#channels.set(channel, null)
  }

  push(channel: string, text: string): string {
    const released = this.#before.push(channel, text)
    if (released === '') return ''
    const restorer = this.#restorerOf(channel)
    return restorer ? restorer.push(released) : this.#leftOf(channel) + released
  }

  end(channel: string): string {
    const rest = this.#before.end(channel)
    const restorer = this.#restorerOf(channel)
    this.#channels.delete(channel)
    return restorer ? restorer.push(rest) + restorer.end() : this.#leftOf(channel) + rest
  }

  #leftOf(channel: string): string {
    if (this.#left.size === 0) return ''
    const left = this.#left.get(channel) ?? ''
    this.#left.delete(channel)
    return left
  }

  #restorerOf(channel: string): TokenRestorer | null {
    let restorer = this.#channels.get(channel)
    if (restorer === undefined) {
      const place = this.#placeOf(channel)
      restorer = place && this.#tokens.open(place)
      this.#channels.set(channel, restorer)
    }
    return restorer
  }

  #placeOf(channel: string): TokenPlace | null {
    const [, kind, path] = channel.split('/')
    if (kind === 'arguments') return this.#tools.get(channel) ?? null
    // What is nested may be signed.
    if (kind === 'reasoning') return path === undefined || path === 'plain' ? READ_BY_PEOPLE : null
    return { encoding: this.#json && path === undefined ? 'json' : 'text', tool: null }
  }
}
