// Takes chunks apart for a guard and puts them together again with what it released. One text can stand in many chunks, so each
// has a channel (`<choice>/text`, `<choice>/arguments/<call>`, …); nothing in a delta gets past the guard, known or not.
import { isArray, isGiven, isObject } from './json.ts'
import type { Json, JsonObject } from '../../model/value.ts'
import type { TextGuard } from '../port.ts'

/** Where the rest of a channel is written: the delta that holds nothing else. */
type DeltaOf = (text: string) => JsonObject

interface OpenChannel {
  readonly name: string
  readonly choice: number
  readonly kind: 'text' | 'reasoning' | 'arguments'
  readonly deltaOf: DeltaOf
}

/** Members of a delta or of a tool call that hold no text of the model. */
const SILENT = new Set(['role', 'id', 'type', 'index', 'name', 'signature', 'data', 'expires_at', 'format'])
const REASONING = new Set(['reasoning_content', 'reasoning'])

export class ChunkRewriter {
  readonly #guard: TextGuard
  readonly #open = new Map<string, OpenChannel>()
  /** Chunks that must stand before the one in hand. */
  #before: JsonObject[] = []
  #chunk: JsonObject = {}
  /** Where the chunk in hand holds released text of a channel: a rest that comes now belongs behind it, not in a chunk before. */
  readonly #slots = new Map<string, { readonly holder: { [name: string]: Json }; readonly member: string }>()

  constructor(guard: TextGuard) {
    this.#guard = guard
  }

  /** True while a channel may hold text. */
  get isHolding(): boolean {
    return this.#open.size > 0
  }

  /** The chunks to write in place of this one: rests of channels that end, then the chunk, unless nothing is left of it. */
  rewrite(chunk: JsonObject): readonly JsonObject[] {
    if (!isArray(chunk.choices) || chunk.choices.length === 0) return [chunk]
    this.#begin(chunk)
    const choices: JsonObject[] = []
    for (const choice of chunk.choices as readonly JsonObject[]) {
      const rewritten = this.#rewriteChoice(choice)
      if (rewritten !== null) choices.push(rewritten)
    }
    const before = this.#before
    if (choices.length > 0 || isGiven(chunk.usage)) before.push({ ...chunk, choices })
    return before
  }

  /** Rests of all channels, in chunks like `head`. */
  flush(head: JsonObject): readonly JsonObject[] {
    this.#begin(head)
    for (const channel of this.#open.values()) this.#end(channel)
    return this.#before
  }

  #begin(chunk: JsonObject): void {
    this.#chunk = chunk
    this.#before = []
    this.#slots.clear()
  }

  /** Null when the guard holds all that the choice had to say. */
  #rewriteChoice(choice: JsonObject): JsonObject | null {
    const index = typeof choice.index === 'number' ? choice.index : 0
    const delta = isObject(choice.delta) ? this.#rewriteDelta(choice.delta, index) : (choice.delta ?? {})
    const isFinished = isGiven(choice.finish_reason)
    if (isFinished) return this.#finishChoice(choice, delta, index)
    if (isObject(choice.delta) && isEmpty(delta) && !isEmpty(choice.delta)) return null
    return this.#assemble(choice, delta)
  }

  /** The choice ends: its texts and the rests of its channels come first, then the chunk with the finish reason. */
  #finishChoice(choice: JsonObject, delta: Json, index: number): JsonObject {
    const mine = [...this.#open.values()].filter((channel) => channel.choice === index)
    if (mine.length === 0) return this.#assemble(choice, delta)
    if (!isEmpty(delta)) this.#insert(index, delta)
    for (const channel of mine) this.#end(channel)
    return this.#assemble(choice, {})
  }

  /** Log probabilities spell the text out token by token, held and rewritten text included. */
  #assemble(choice: JsonObject, delta: Json): JsonObject {
    const { text, ...rest } = choice
    const assembled: { [name: string]: Json } = { ...rest, delta }
    if (isGiven(choice.logprobs)) assembled.logprobs = null
    if (text !== undefined) assembled.text = typeof text === 'string' ? this.#whole(text) : null
    return assembled
  }

  #rewriteDelta(delta: JsonObject, choice: number): JsonObject {
    const out: { [name: string]: Json } = {}
    for (const name in delta) {
      const value = delta[name]!
      if (value === null || SILENT.has(name)) out[name] = value
      else if (name === 'tool_calls' && isArray(value)) {
        const calls = value.map((call) => this.#rewriteCall(call, choice)).filter((call) => call !== null)
        if (calls.length > 0) out.tool_calls = calls
      } else if (name === 'function_call' && isObject(value)) {
        const call = this.#rewriteFunction(value, choice, `${choice}/arguments/function`, (source) => ({ function_call: source }))
        if (call !== null) out.function_call = call
      } else if (typeof value === 'string') this.#putText(out, name, value, choice)
      else out[name] = this.#rewriteWhole(value)
    }
    return out
  }

  #putText(out: { [name: string]: Json }, name: string, text: string, choice: number): void {
    const kind = REASONING.has(name) ? 'reasoning' : 'text'
    const channel = channelOf(name, choice)
    const released = this.#push({ name: channel, choice, kind, deltaOf: (rest) => ({ [name]: rest }) }, text)
    // An empty content announces itself in the first chunk; keep it.
    if (released !== '' || text === '') this.#put(out, name, released, channel)
  }

  #rewriteCall(call: Json, choice: number): Json {
    if (!isObject(call)) return this.#rewriteWhole(call)
    const index = typeof call.index === 'number' ? call.index : 0
    const channel = `${choice}/arguments/${index}`
    const out: { [name: string]: Json } = {}
    let says = false
    for (const name in call) {
      const value = call[name]!
      if ((name === 'function' || name === 'custom') && isObject(value)) {
        const source = this.#rewriteFunction(value, choice, channel, (rest) => ({ tool_calls: [{ index, [name]: rest }] }))
        if (source !== null) out[name] = source
        says ||= source !== null
      } else {
        out[name] = SILENT.has(name) ? value : this.#rewriteWhole(value)
        says ||= name !== 'index' && value !== null
      }
    }
    return says || isEmpty(call) ? out : null
  }

  /** Null when only arguments were there and the guard holds them. */
  #rewriteFunction(call: JsonObject, choice: number, channel: string, deltaOf: (rest: JsonObject) => JsonObject): JsonObject | null {
    const out: { [name: string]: Json } = {}
    for (const name in call) {
      const value = call[name]!
      if (name === 'name' || value === null) out[name] = value
      else if (typeof value !== 'string') out[name] = this.#rewriteWhole(value)
      else {
        const released = this.#push({ name: channel, choice, kind: 'arguments', deltaOf: (rest) => deltaOf({ [name]: rest }) }, value)
        if (released !== '' || value === '') this.#put(out, name, released, channel)
      }
    }
    return isEmpty(out) && !isEmpty(call) ? null : out
  }

  #put(holder: { [name: string]: Json }, member: string, released: string, channel: string): void {
    holder[member] = released
    if (released !== '') this.#slots.set(channel, { holder, member })
  }

  #push(channel: OpenChannel, text: string): string {
    if (text === '') return ''
    if (!this.#open.has(channel.name)) {
      this.#endThoseBefore(channel)
      this.#open.set(channel.name, channel)
    }
    return this.#guard.push(channel.name, text)
  }

  /** Clients take reasoning as over when something else begins, and the arguments of a call when the next call begins. */
  #endThoseBefore(next: OpenChannel): void {
    for (const channel of this.#open.values()) {
      if (channel.choice !== next.choice || channel.kind === 'text') continue
      if (channel.kind === 'reasoning' ? next.kind !== 'reasoning' : next.kind === 'arguments') this.#end(channel)
    }
  }

  #end(channel: OpenChannel): void {
    this.#open.delete(channel.name)
    const rest = this.#guard.end(channel.name)
    if (rest === '') return
    const slot = this.#slots.get(channel.name)
    if (slot === undefined) this.#insert(channel.choice, channel.deltaOf(rest))
    else slot.holder[slot.member] += rest
  }

  #insert(choice: number, delta: Json): void {
    const { choices: _, usage: __, ...head } = this.#chunk
    this.#before.push({ ...head, choices: [{ index: choice, delta, logprobs: null, finish_reason: null }] })
  }

  /** A text that comes whole, in a place that this file does not know. */
  #whole(text: string): string {
    return this.#guard.push('0/text/whole', text) + this.#guard.end('0/text/whole')
  }

  #rewriteWhole(value: Json): Json {
    if (typeof value === 'string') return this.#whole(value)
    if (isArray(value)) return value.map((item) => this.#rewriteWhole(item))
    if (!isObject(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, typeof item === 'string' && SILENT.has(name) ? item : this.#rewriteWhole(item)]),
    )
  }
}

function channelOf(name: string, choice: number): string {
  if (name === 'content') return `${choice}/text`
  if (name === 'refusal') return `${choice}/refusal`
  return REASONING.has(name) ? `${choice}/reasoning${name === 'reasoning' ? '/plain' : ''}` : `${choice}/text/${name}`
}

function isEmpty(value: Json): boolean {
  if (!isObject(value)) return value === null
  for (const _ in value) return false
  return true
}
