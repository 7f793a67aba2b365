// Takes chunks apart for a guard and puts them together again with what it released. One text can stand in many chunks, so each
// has a channel (`<choice>/text`, `<choice>/arguments/<call>`, `…/<call>/input` where it is no JSON); nothing in a chunk gets past the guard, known or not.
import { CHOICE_WORDS, CHUNK_WORDS, CONTINUED, REASONING, SILENT } from './answer-words.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { isArray, isGiven, isObject } from './json.ts'
import { JsonEnd } from './json-end.ts'
import type { Json, JsonObject } from '../../model/value.ts'
import type { TextGuard } from '../port.ts'

/** Texts that may be open at once, each with what its guard remembers. The widest answers, of 128 choices, have some hundreds. */
const MAX_OPEN = 4096

type Kind = 'text' | 'reasoning' | 'arguments'
type Mutable = { [name: string]: Json }

interface OpenChannel {
  readonly name: string
  readonly choice: number
  readonly kind: Kind
  /** Of JSON source: whether it may be over. */
  readonly json: JsonEnd | null
  /** Members of the choice that say a rest of the channel and nothing else. */
  readonly saying: (text: string) => JsonObject
}

/** Where a value stands in a choice: what its texts are, and how one of them is said again. */
interface Place {
  readonly choice: number
  readonly kind: Kind
  readonly path: string
  readonly saying: (value: Json) => JsonObject
}

export class ChunkRewriter {
  readonly #guard: TextGuard
  readonly #open = new Map<string, OpenChannel>()
  /** Chunks that must stand before the one in hand. */
  #before: JsonObject[] = []
  #chunk: JsonObject = {}
  /** Where the chunk in hand holds released text of a channel: a rest that comes now belongs behind it, not in a chunk before. */
  readonly #slots = new Map<string, { readonly holder: Mutable; readonly member: string }>()
  /** Texts that came whole. Each is a channel of its own, by number, so that a second reading of the stream finds the same names. */
  #wholes = 0

  constructor(guard: TextGuard) {
    this.#guard = guard
  }

  /** True while a channel may hold text. */
  get isHolding(): boolean {
    return this.#open.size > 0
  }

  /** The chunks to write in place of this one: rests of channels that end, then the chunk, unless nothing is left of it. */
  rewrite(chunk: JsonObject): readonly JsonObject[] {
    const given = isArray(chunk.choices) ? (chunk.choices as readonly JsonObject[]) : []
    if (given.length > 1 && hasOneTwice(given)) return this.#oneByOne(chunk, given)
    const rewritten = this.#rewriteTop(chunk)
    if (given.length === 0) return [rewritten]
    this.#begin(rewritten)
    const choices: JsonObject[] = []
    for (const choice of given) {
      const said = this.#rewriteChoice(choice)
      if (said !== null) choices.push(said)
    }
    const before = this.#before
    if (choices.length > 0 || isGiven(chunk.usage)) before.push({ ...rewritten, choices })
    return before
  }

  /** Rests go into chunks before the one in hand, so a choice that stands in it twice would be told in the wrong order. */
  #oneByOne(chunk: JsonObject, choices: readonly JsonObject[]): readonly JsonObject[] {
    const head = headOf(chunk)
    return choices.flatMap((choice, i) => this.rewrite({ ...(i < choices.length - 1 ? head : chunk), choices: [choice] }))
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

  /** What a provider adds beside the choices (citations, results of a search). */
  #rewriteTop(chunk: JsonObject): JsonObject {
    let out: Mutable | null = null
    for (const name in chunk) {
      if (CHUNK_WORDS.has(name)) continue
      out ??= { ...chunk }
      out[name] = this.#whole(chunk[name]!, 0, 'text')
    }
    return out ?? chunk
  }

  /** Null when the guard holds all that the choice had to say. */
  #rewriteChoice(choice: JsonObject): JsonObject | null {
    const index = typeof choice.index === 'number' ? choice.index : 0
    const out: Mutable = {}
    let held = false
    for (const name in choice) {
      const value = choice[name]!
      if (name === 'delta' && isObject(value)) {
        out.delta = this.#rewriteDelta(value, index)
        held = isEmpty(out.delta) && !isEmpty(value)
      } else if (name === 'text' && typeof value === 'string') {
        // The older completions: the text stands in the choice itself.
        this.#putText(out, name, value, { choice: index, kind: 'text', path: 'legacy', saying: (text) => ({ text }) })
        held = out.text === undefined
      } else if (name === 'logprobs') out.logprobs = null
      else out[name] = CHOICE_WORDS.has(name) || value === null ? value : this.#whole(value, index, 'text')
    }
    if (choice.text === undefined && !isObject(out.delta)) out.delta = {}
    if (isGiven(choice.finish_reason)) return this.#finishChoice(out, index)
    return held && saysNothingElse(out) ? null : out
  }

  /** The choice ends: its texts and the rests of its channels come first, then the chunk with the finish reason. */
  #finishChoice(choice: Mutable, index: number): JsonObject {
    const mine = [...this.#open.values()].filter((channel) => channel.choice === index)
    if (mine.length > 0) {
      const { delta, text } = choice
      if (delta !== undefined && !isEmpty(delta)) this.#insert(index, { delta })
      if (text !== undefined) this.#insert(index, { text })
      if (delta !== undefined) choice.delta = {}
      if (text !== undefined) choice.text = ''
      for (const channel of mine) this.#end(channel)
    }
    // Who was stopped did not finish, whatever the model says.
    if (this.#guard.isStopped) choice.finish_reason = null
    return choice
  }

  // ── deltas ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #rewriteDelta(delta: JsonObject, choice: number): JsonObject {
    const out: Mutable = {}
    for (const name in delta) {
      const value = delta[name]!
      const kind = REASONING.has(name) ? 'reasoning' : 'text'
      const place: Place = { choice, kind, path: pathOf(name), saying: (said) => ({ delta: { [name]: said } }) }
      if (value === null || SILENT.has(name)) out[name] = value
      else if (name === 'tool_calls' && isArray(value)) {
        const calls = value.map((call) => this.#rewriteCall(call, choice)).filter((call) => call !== null)
        if (calls.length > 0) out.tool_calls = calls
      } else if (name === 'function_call' && isObject(value)) {
        const call = this.#rewriteFunction(value, { ...place, kind: 'arguments', path: 'function' })
        if (call !== null) out.function_call = call
      } else if (typeof value === 'string') this.#putText(out, name, value, place)
      else out[name] = this.#rewriteNested(value, place)
    }
    return out
  }

  #rewriteCall(call: Json, choice: number): Json {
    if (!isObject(call)) return this.#whole(call, choice, 'arguments')
    const index = typeof call.index === 'number' ? call.index : 0
    const out: Mutable = {}
    let says = false
    for (const name in call) {
      const value = call[name]!
      if ((name === 'function' || name === 'custom') && isObject(value)) {
        const saying = (said: Json): JsonObject => ({ delta: { tool_calls: [{ index, [name]: said }] } })
        const source = this.#rewriteFunction(value, { choice, kind: 'arguments', path: String(index), saying })
        if (source !== null) out[name] = source
        says ||= source !== null
      } else {
        out[name] = SILENT.has(name) ? value : this.#whole(value, choice, 'arguments')
        says ||= name !== 'index' && value !== null
      }
    }
    return says || isEmpty(call) ? out : null
  }

  /** Null when only arguments were there and the guard holds them. */
  #rewriteFunction(call: JsonObject, place: Place): JsonObject | null {
    const out: Mutable = {}
    for (const name in call) {
      const value = call[name]!
      if ((name === 'arguments' || name === 'input') && typeof value === 'string')
        this.#putText(out, name, value, {
          ...place,
          path: name === 'input' ? `${place.path}/input` : place.path,
          saying: (text) => place.saying({ [name]: text }),
        })
      else out[name] = this.#whole(value, place.choice, 'arguments')
    }
    return isEmpty(out) && !isEmpty(call) ? null : out
  }

  /** Lists and objects of a delta: contents of several kinds, details of reasoning, transcripts. Their form stays, with what was released. */
  #rewriteNested(value: Json, place: Place): Json {
    if (isArray(value)) return value.map((item, i) => this.#rewriteNested(item, itemOf(place, item, i)))
    if (!isObject(value)) return this.#whole(value, place.choice, place.kind)
    const out: Mutable = {}
    for (const name in value) {
      const member = value[name]!
      const inner: Place = { ...place, path: `${place.path}.${name}`, saying: (said) => place.saying({ ...signOf(value), [name]: said }) }
      if (typeof member !== 'string') out[name] = this.#rewriteNested(member, inner)
      else if (SILENT.has(name)) out[name] = member
      else if (CONTINUED.has(name)) {
        this.#putText(out, name, member, inner)
        out[name] ??= ''
        this.#slots.set(channelOf(inner), { holder: out, member: name })
      } else out[name] = this.#whole(member, place.choice, place.kind)
    }
    return out
  }

  // ── texts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Leaves the member out where the guard holds all of it. An empty text announces itself in the first chunk, so it stays. */
  #putText(holder: Mutable, member: string, text: string, place: Place): void {
    const name = channelOf(place)
    const released = this.#push(name, place, member, text)
    if (released !== '' || text === '') holder[member] = released
    if (released !== '') this.#slots.set(name, { holder, member })
  }

  #push(name: string, { choice, kind, saying }: Place, member: string, text: string): string {
    if (text === '') return ''
    let channel = this.#open.get(name)
    if (channel === undefined) {
      if (this.#open.size >= MAX_OPEN)
        throw new GatewayError('upstream_malformed', { message: `The answer has more than ${MAX_OPEN} texts at once.` })
      channel = { name, choice, kind, json: kind === 'arguments' && member === 'arguments' ? new JsonEnd() : null, saying }
      this.#endThoseBefore(channel)
      this.#open.set(name, channel)
    }
    channel.json?.read(text)
    return this.#guard.push(name, text)
  }

  /**
   * Clients take reasoning as over when something else begins, and the arguments of a call when the next call begins. Calls may take turns
   * though, and what is held of one that is not over may be half a secret: arguments are over when their JSON is, inputs, which have no
   * syntax, with their choice. Clients put deltas together by index, so what is left of them comes in time.
   */
  #endThoseBefore(next: OpenChannel): void {
    for (const channel of this.#open.values()) {
      if (channel.choice !== next.choice || channel.kind === 'text') continue
      const isWhole = channel.json?.isWhole === true
      if (channel.kind === 'reasoning' ? next.kind !== 'reasoning' : next.kind === 'arguments' && isWhole) this.#end(channel)
    }
  }

  #end(channel: OpenChannel): void {
    this.#open.delete(channel.name)
    const rest = this.#guard.end(channel.name)
    if (rest === '') return
    const slot = this.#slots.get(channel.name)
    if (slot === undefined) this.#insert(channel.choice, channel.saying(rest))
    else slot.holder[slot.member] += rest
  }

  #insert(choice: number, members: JsonObject): void {
    this.#before.push({ ...headOf(this.#chunk), choices: [{ index: choice, ...members, logprobs: null, finish_reason: null }] })
  }

  /** A value that comes whole: every text in it, but for words of the protocol. */
  #whole(value: Json, choice: number, kind: Kind): Json {
    if (typeof value === 'string') {
      if (value === '') return ''
      const channel = `${choice}/${kind}/whole/${this.#wholes++}`
      return this.#guard.push(channel, value) + this.#guard.end(channel)
    }
    if (isArray(value)) return value.map((item) => this.#whole(item, choice, kind))
    if (!isObject(value)) return value
    const out: Mutable = {}
    for (const name in value) {
      const item = value[name]!
      out[name] = typeof item === 'string' && SILENT.has(name) ? item : this.#whole(item, choice, kind)
    }
    return out
  }
}

/** What all chunks of an answer have in common: words of the protocol alone, for others are texts, and told once. */
export function headOf(chunk: JsonObject): JsonObject {
  const head: Mutable = {}
  for (const name in chunk) if (CHUNK_WORDS.has(name) && !OF_ONE_CHUNK.has(name)) head[name] = chunk[name]!
  return head
}

const OF_ONE_CHUNK: ReadonlySet<string> = new Set(['choices', 'usage', 'obfuscation'])

/** Is there a choice that stands in the chunk twice? */
function hasOneTwice(choices: readonly JsonObject[]): boolean {
  const seen = new Set(choices.map(({ index }) => (typeof index === 'number' ? index : 0)))
  return seen.size < choices.length
}

/** Texts at the top of a delta that have channels of their own; others go by their name. */
const PATHS: { readonly [name: string]: string } = { content: '', reasoning_content: '', reasoning: 'plain', refusal: 'refusal' }

const pathOf = (name: string): string => (Object.hasOwn(PATHS, name) ? PATHS[name]! : name)

function channelOf({ choice, kind, path }: Place): string {
  return path === '' ? `${choice}/${kind}` : `${choice}/${kind}/${path}`
}

/** An item of a list: by its `index` where it has one, as those have that go on in later chunks, else by its place. */
function itemOf(place: Place, item: Json, position: number): Place {
  const index = isObject(item) && typeof item.index === 'number' ? item.index : position
  return { ...place, path: `${place.path}[${index}]`, saying: (said) => place.saying([said]) }
}

/** What tells an object apart from others of its list. */
function signOf({ index, type, id }: JsonObject): JsonObject {
  return { ...(index === undefined ? {} : { index }), ...(type === undefined ? {} : { type }), ...(id === undefined ? {} : { id }) }
}

/** A choice with empty texts and no word beside its index. */
function saysNothingElse(choice: JsonObject): boolean {
  for (const name in choice) {
    if (name === 'index' || name === 'logprobs' || choice[name] === null || choice[name] === '') continue
    if (name !== 'delta' || !isEmpty(choice.delta!)) return false
  }
  return true
}

function isEmpty(value: Json): boolean {
  if (!isObject(value)) return value === null
  for (const _ in value) return false
  return true
}
