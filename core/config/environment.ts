// `${NAME}` in the values of the file. The text is resolved after parsing, so that no value can change the structure of the file.
import type { ConfigFinding } from './config-error.ts'
import type { Json } from '../model/value.ts'

const REFERENCE = /\$\$\{|\$\{([^}]*)\}/g
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

export interface Resolved {
  readonly value: Json
  readonly findings: readonly ConfigFinding[]
  /** JSON pointers of values that came from the environment: they may have to become numbers or booleans. */
  readonly pointers: ReadonlySet<string>
}

/** Replaces every reference by its variable's value; `$${` stays a literal `${`. A missing or empty variable is a finding at its path. */
export function resolveEnvironment(root: Json, environment: NodeJS.ProcessEnv): Resolved {
  const findings: ConfigFinding[] = []
  const pointers = new Set<string>()

  const resolveText = (source: string, pointer: string): string => {
    if (!source.includes('${')) return source
    return source.replaceAll(REFERENCE, (whole, name: string | undefined) => {
      if (name === undefined) return '${'
      pointers.add(pointer)
      const value = NAME.test(name) ? environment[name] : undefined
      if (value !== undefined && value !== '') return value
      const message = NAME.test(name)
        ? `the environment variable ${name} is not set`
        : `${whole} names no environment variable; write $\${ for a literal`
      findings.push({ path: pathOf(pointer), message })
      return ''
    })
  }

  const walk = (value: Json, pointer: string): Json => {
    if (typeof value === 'string') return resolveText(value, pointer)
    if (Array.isArray(value)) return value.map((item: Json, index) => walk(item, `${pointer}/${index}`))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, `${pointer}/${escapePointer(key)}`)]))
  }

  return { value: walk(root, ''), findings, pointers }
}

/** `/models/0/name` as people write it: `models[0].name`. */
export function pathOf(pointer: string): string {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return steps.reduce((path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`), '')
}

const escapePointer = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1')
