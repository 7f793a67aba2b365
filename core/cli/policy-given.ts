// `--given attribute=value`: texts may stand bare; lists and records are JSON; `null` is absence.
import { attributeNamed, describeType, GivenError, mismatch } from '../policy/given.ts'
import { didYouMean, type PolicySet } from '../policy/toolbox.ts'
import type { Attribute, AttributeType } from '../plugin/contract.ts'

/** Values by attribute. Throws GivenError. */
export function readGiven(pairs: readonly string[], set: PolicySet): ReadonlyMap<string, unknown> {
  const given = new Map<string, unknown>()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at === -1) throw new GivenError(`--given ${pair}: write attribute=value, for example tenant.region=eu`)
    const name = pair.slice(0, at)
    if (given.has(name)) throw new GivenError(`--given ${name} stands twice`)
    const attribute = attributeOf(name, pair, set)
    const text = pair.slice(at + 1)
    if (text === 'null' && !attribute.optional) throw new GivenError(`--given ${pair}: \`${name}\` is never absent`)
    given.set(name, text === 'null' ? null : valueOf(text, attribute.type, name))
  }
  return given
}

function attributeOf(name: string, pair: string, set: PolicySet): Attribute {
  try {
    return attributeNamed(name, set)
  } catch (error) {
    throw error instanceof GivenError ? new GivenError(`--given ${pair}: ${error.message}`) : error
  }
}

function valueOf(text: string, type: AttributeType, name: string): unknown {
  const value = isTextual(type) ? bareText(text) : parse(text)
  const problem = mismatch(value, type)
  if (problem !== null)
    throw new GivenError(join(`--given ${name}=${text}: \`${name}\` is ${describeType(type)}, and ${problem}`, hintFor(value, type, name)))
  return value
}

const isTextual = ({ kind }: AttributeType): boolean => kind === 'text' || kind === 'enum' || kind === 'ip'

/** `eu` and `"eu"` are the same text. */
function bareText(text: string): unknown {
  const value = text.startsWith('"') ? parse(text) : text
  return typeof value === 'string' ? value : text
}

/** What is no JSON is a text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function hintFor(value: unknown, type: AttributeType, name: string): string | null {
  if (type.kind === 'enum') return typeof value === 'string' ? didYouMean(value, type.values) : null
  if (type.kind === 'list' && !Array.isArray(value) && isTextual(type.of)) return `Write --given '${name}=${JSON.stringify([value])}'.`
  return null
}

const join = (message: string, hint: string | null): string => (hint === null ? message : `${message}. ${hint}`)
