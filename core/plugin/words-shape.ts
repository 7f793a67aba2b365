// Holds the words of a plugin against the contract, so that a slip in a declaration is a boot error with the plugin's name and not a surprise
// in the middle of an exchange.
import type { Attribute, Check, Engine, PluginVocabulary, Verb } from './contract.ts'

type Loose = { readonly [name: string]: unknown }

const ATTRIBUTE_NAME = /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*\.(?:[a-z][a-z0-9_]*|\*)$/
const CHECK_NAME = /^[a-z][a-z0-9_]*$/
const ENGINE_DETECTOR = /^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+$/
const KINDS = ['text', 'number', 'bool', 'time', 'duration', 'ip', 'enum', 'list', 'record']
const PHASES = ['request', 'target', 'response', 'stream']
const USES = ['fact', 'effect', 'exception', 'overlay', 'expect']
const RULES = ['min', 'whole', 'pattern', 'not', 'only', 'like']
/** What a verb that acts so must bring. */
const ACTS: { readonly [acts: string]: string } = { exchange: 'enact', outgoing: 'change', destinations: 'narrow', spans: 'rewrite' }

const isOneOf = (words: readonly string[], value: unknown): boolean => typeof value === 'string' && words.includes(value)
const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''
const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value)
const isListOf = (value: unknown, is: (one: unknown) => boolean): value is readonly unknown[] => Array.isArray(value) && value.every(is)
const when = (broken: boolean, says: string): readonly string[] => (broken ? [says] : [])

/** Every declaration that breaks the contract, as sentences without the plugin's name. */
export function brokenWords(vocabulary: PluginVocabulary): readonly string[] {
  if (typeof vocabulary !== 'object' || vocabulary === null) return ['vocabulary() must return an object']
  return [
    ...ofEach('attribute', vocabulary.attributes, 'name', brokenAttribute),
    ...ofEach('verb', vocabulary.verbs, 'phrase', brokenVerb),
    ...ofEach('check', vocabulary.checks, 'name', brokenCheck),
    ...ofEach('engine', vocabulary.engines, 'name', brokenEngine),
  ]
}

function ofEach<T extends Attribute | Verb | Check | Engine>(
  kind: string,
  declared: readonly T[] | undefined,
  label: string,
  broken: (one: Loose) => readonly string[],
): readonly string[] {
  if (declared === undefined) return []
  if (!Array.isArray(declared)) return [`${kind}s must be a list`]
  return (declared as readonly unknown[]).flatMap((one, i) => {
    if (typeof one !== 'object' || one === null) return [`${kind} ${i}: must be an object`]
    const name = (one as Loose)[label]
    return broken(one as Loose).map((says) => `${kind} ${isText(name) ? `\`${String(name)}\`` : i}: ${says}`)
  })
}

function brokenAttribute({ name, type, optional, phase, source, lifetime, cost, doc, example, resolve }: Loose): readonly string[] {
  const kind = typeof type === 'object' && type !== null ? (type as Loose)['kind'] : undefined
  return [
    ...when(typeof name !== 'string' || !ATTRIBUTE_NAME.test(name), 'its name must be dotted and lower case, such as `weather.wind`'),
    ...when(!isOneOf(KINDS, kind), `type.kind must be one of ${KINDS.join(', ')}`),
    ...when(typeof optional !== 'boolean', 'optional must be true or false'),
    ...when(!isOneOf(PHASES.slice(0, 3), phase), 'phase must be request, target or response'),
    ...when(!isOneOf(['proved', 'claimed'], source), 'source must be proved or claimed'),
    ...when(!isOneOf(['snapshot', 'principal', 'exchange'], lifetime), 'lifetime must be snapshot, principal or exchange'),
    ...when(!isOneOf(['free', 'cpu', 'io'], cost), 'cost must be free, cpu or io'),
    ...when(!isText(doc), 'doc must be a sentence'),
    ...when(optional === false && example === undefined && !String(name).endsWith('*'), 'needs an example, since it is not optional'),
    ...when(typeof resolve !== 'function', 'resolve must be a function'),
  ]
}

function brokenVerb({ phrase, use, phases, aliases, protects, doc, operands, acts, join, ...rest }: Loose): readonly string[] {
  const needs = typeof acts === 'string' ? ACTS[acts] : undefined
  return [
    ...when(!isText(phrase), 'phrase must be a template such as `stamp <name:text>`'),
    ...when(!isOneOf(USES, use), `use must be one of ${USES.join(', ')}`),
    ...when(!Array.isArray(phases) || !phases.every((phase) => isOneOf(PHASES, phase)), `phases must be a list of ${PHASES.join(', ')}`),
    ...when(!Array.isArray(aliases), 'aliases must be a list, `[]` where there are none'),
    ...when(typeof protects !== 'boolean', 'protects must be true or false'),
    ...when(!isText(doc), 'doc must be a sentence'),
    ...brokenRules(operands),
    ...when(typeof join !== 'object' || join === null, 'join must say how several calls merge'),
    ...when(rest['reversible'] !== undefined && rest['reversible'] !== true, 'reversible must be true, or absent'),
    ...when(rest['reversible'] === true && acts !== 'spans', 'only a verb that acts on spans can be reversible'),
    ...when(needs === undefined, `acts must be one of ${Object.keys(ACTS).join(', ')}`),
    ...when(needs !== undefined && typeof rest[needs] !== 'function', `acts on ${String(acts)}, so ${needs} must be a function`),
  ]
}

/** Rules that cannot hold would let through what the verb then refuses in the middle of an exchange. Names are checked with the template. */
function brokenRules(operands: unknown): readonly string[] {
  if (operands === undefined) return []
  if (!isObject(operands)) return ['operands must map names of operands to rules']
  return Object.entries(operands).flatMap(([operand, rule]) =>
    (isObject(rule) ? brokenRule(rule) : ['must be an object']).map((says) => `operands.${operand}: ${says}`),
  )
}

function brokenRule(rule: Loose): readonly string[] {
  const { min, whole, pattern, not, only, like } = rule
  const unknown = Object.keys(rule).filter((name) => !RULES.includes(name))
  const isLower = (value: unknown): boolean => typeof value === 'string' && value === value.toLowerCase()
  return [
    ...when(unknown.length > 0, `there is no rule ${unknown.join(', ')}; rules are ${RULES.join(', ')}`),
    ...when(min !== undefined && !Number.isFinite(min), 'min must be a finite number'),
    ...when(whole !== undefined && whole !== true && !isWholeWhere(whole), 'whole must be true, or { operand, is: [words] }'),
    ...when(pattern !== undefined && !isText(pattern), 'pattern must be the source of a regular expression, as a text'),
    ...when(not !== undefined && !isListOf(not, isLower), 'not must be a list of texts in lower case'),
    ...when(only !== undefined && (!isListOf(only, isText) || only.length === 0), 'only must be a list of names of attributes'),
    ...when(like !== undefined && !isText(like), 'like must be the name of an operand'),
  ]
}

const isWholeWhere = (value: unknown): boolean => isObject(value) && isText(value['operand']) && isListOf(value['is'], isText)

function brokenEngine({ detectors, detect }: Loose): readonly string[] {
  const isDetector = (one: unknown): boolean => isObject(one) && ENGINE_DETECTOR.test(String(one['name'])) && isText(one['doc'])
  return [
    ...when(!isListOf(detectors, isDetector), 'detectors must be a list of { name, doc }, with names such as `presidio.person`'),
    ...when(typeof detect !== 'function', 'detect must be a function'),
  ]
}

function brokenCheck({ name, doc, test }: Loose): readonly string[] {
  return [
    ...when(typeof name !== 'string' || !CHECK_NAME.test(name), 'its name must be one lower-case word'),
    ...when(!isText(doc), 'doc must be a sentence'),
    ...when(typeof test !== 'function', 'test must be a function'),
  ]
}
