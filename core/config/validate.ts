// The schema against a parsed file: defaults filled in, and every finding in the words of whoever wrote the file.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { CONFIG_SCHEMA } from './schema.ts'
import { pathOf, type Resolved } from './environment.ts'
import { hint } from './suggest.ts'
import type { ConfigFinding } from './config-error.ts'
import type { Json } from '../model/value.ts'
import type { RawConfig } from './raw.ts'

let compiled: ValidateFunction | null = null

/** Fills defaults into `resolved.value` and checks it. With findings the value is not to be used. */
export function validateConfig(resolved: Resolved): { readonly raw: RawConfig; readonly findings: readonly ConfigFinding[] } {
  compiled ??= compileSchema()
  const root = structuredClone(resolved.value) as Json
  let errors = errorsOf(compiled, root)
  if (errors.some((error) => convert(root, error, resolved.pointers))) errors = errorsOf(compiled, root)
  const missing = new Set(resolved.findings.map(({ path }) => path))
  const findings = inWords(errors).filter(({ path }) => !missing.has(path))
  return { raw: root as unknown as RawConfig, findings: [...resolved.findings, ...findings] }
}

/** That it is a schema is for a test to find: the schema of schemas takes a tenth of a second to make, at every start. */
const compileSchema = (): ValidateFunction =>
  new Ajv({ allErrors: true, useDefaults: true, verbose: true, strict: false, validateSchema: false, code: { optimize: false } }).compile(
    CONFIG_SCHEMA,
  )

const errorsOf = (validate: ValidateFunction, root: Json): readonly ErrorObject[] => (validate(root) ? [] : [...(validate.errors ?? [])])

/** An environment variable is always text: where the schema wants a number or a boolean, it becomes one if it reads like one. */
function convert(root: Json, error: ErrorObject, pointers: ReadonlySet<string>): boolean {
  if (error.keyword !== 'type' || !pointers.has(error.instancePath) || typeof error.data !== 'string') return false
  const value = scalarOf(error.data)
  if (value === null) return false
  const steps = error.instancePath.split('/').slice(1)
  const last = steps.pop()!
  const holder = steps.reduce<unknown>(
    (node, step) => (node as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')],
    root,
  )
  ;(holder as Record<string, unknown>)[last] = value
  return true
}

function scalarOf(text: string): number | boolean | null {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null
}

/** Alternatives report once, at the alternative's own place, and only when no deeper finding explains them. */
function inWords(errors: readonly ErrorObject[]): ConfigFinding[] {
  const findings: ConfigFinding[] = []
  for (const error of errors) {
    if (error.keyword === 'anyOf' || error.keyword === 'if') continue
    findings.push({ path: pathWithin(error), message: sentence(error) })
  }
  return unique(findings)
}

/** The alternatives of one value, joined into a sentence. */
function unique(findings: readonly ConfigFinding[]): ConfigFinding[] {
  const byPath = new Map<string, string[]>()
  for (const { path, message } of findings) {
    const known = byPath.get(path) ?? []
    if (!known.includes(message)) byPath.set(path, [...known, message])
  }
  return [...byPath].map(([path, messages]) => ({ path, message: messages.join(', or ') }))
}

function pathWithin(error: ErrorObject): string {
  const base = pathOf(error.instancePath)
  const params = error.params as { additionalProperty?: string; missingProperty?: string }
  const member = params.additionalProperty ?? params.missingProperty
  if (member === undefined) return base
  return base === '' ? member : `${base}.${member}`
}

function sentence(error: ErrorObject): string {
  const params = error.params as { [name: string]: unknown }
  switch (error.keyword) {
    case 'additionalProperties': {
      const known = Object.keys((error.parentSchema as { properties?: object } | undefined)?.properties ?? {})
      return `there is no such setting${hint(String(params['additionalProperty']), known)}`
    }
    case 'required':
      return 'is missing'
    case 'type':
      return `must be ${article([params['type']].flat().map(String))}, not ${nameOf(error.data)}`
    case 'enum': {
      const allowed = (params['allowedValues'] as readonly unknown[]).map(String)
      return `must be ${allowed.join(', ')}${typeof error.data === 'string' && allowed.length > 1 ? hintOf(error.data, allowed) : ''}`
    }
    case 'const':
      return `must be ${JSON.stringify(params['allowedValue'])}`
    case 'pattern':
      return patternSentence(String(params['pattern']), error.data)
    default:
      return error.message ?? error.keyword
  }
}

const hintOf = (word: string, allowed: readonly string[]): string => {
  const text = hint(word, allowed)
  return text.startsWith('; did') ? text : ''
}

const article = (types: readonly string[]): string => types.map((type) => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`)).join(' or ')

const nameOf = (value: unknown): string => {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `${JSON.stringify(value)}`
}

const FORMS: readonly [RegExp, string][] = [
  [/KiB/, 'must be a size such as 16MiB'],
  [/\{4\}-/, 'must be a date such as 2026-01-31'],
  [/A-Z\]\{3\}/, 'must be a currency such as USD'],
  [/https\?/, 'must begin with http:// or https://'],
  [/a-f\]\{64\}/, 'must be 64 hex digits'],
  [/\{10\}/, 'must be ten letters or digits'],
  [/\\\./, 'must be a decimal number such as 1.15'],
]

/** Values are quoted only where they cannot be secrets. */
function patternSentence(pattern: string, data: unknown): string {
  const form = FORMS.find(([sign]) => sign.test(pattern))?.[1] ?? `must match ${pattern}`
  return typeof data === 'string' && data.length <= 24 && !/hash|\{64\}|https/.test(pattern) ? `${form}, not ${JSON.stringify(data)}` : form
}
