// The JSON Schema of the configuration as tables for people, one per section of the file.
import type { Json, JsonObject } from '../core/model/value.ts'

const START = '<!-- generated from core/config/schema.ts by `npm run schema` -->'

type Schema = JsonObject & {
  readonly properties?: { readonly [name: string]: Schema }
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
}

/** Replaces everything behind the marker of a page. */
export function withTables(page: string, tables: string): string {
  const at = page.indexOf(START)
  if (at < 0) throw new Error(`the page lacks the line ${START}`)
  return `${page.slice(0, at)}${START}\n\n${tables}`
}

/** Markdown: a heading and a table for each top-level setting. */
export function settingsTables(schema: JsonObject): string {
  const sections = Object.entries((schema as Schema).properties ?? {})
  const told: Told = new Map()
  return sections.map(([name, section]) => sectionText(name, section, told)).join('\n')
}

/** Blocks that stand in a table already, and what leads there: their members are not told again. */
type Told = Map<Schema['properties'], string>

function sectionText(name: string, section: Schema, told: Told): string {
  const rows = rowsOf(section.items ?? section, '', (path) => `as [\`${path}\` of ${name}](#${name.toLowerCase()})`, told)
  const heading = `### ${name}\n\n${String(section['description'] ?? PLUGINS)}\n`
  if (rows.length === 0) return heading
  return `${heading}\n| setting | value | default | |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

const PLUGINS = "One block per plugin, checked by the plugin's own schema; `plugins/<name>/README.md` describes it."

function rowsOf(schema: Schema, prefix: string, linkTo: (path: string) => string, told: Told): string[] {
  const required = (schema['required'] ?? []) as readonly string[]
  return Object.entries(schema.properties ?? {}).flatMap(([name, setting]) => {
    const path = prefix + name
    const inner = innerOf(setting)
    const elsewhere = told.get(inner.properties)
    const says = [setting['description'], elsewhere && `Members ${elsewhere}.`].filter(Boolean).join(' ')
    const row = `| \`${path}\` | ${valueOf(setting)} | ${defaultOf(setting, required.includes(name))} | ${says} |`
    if (elsewhere) return [row]
    if (inner.properties && Object.keys(inner.properties).length >= MANY) told.set(inner.properties, linkTo(path))
    return [row, ...rowsOf(inner, `${path}${isList(setting) ? '[]' : ''}.`, linkTo, told)]
  })
}

/** Members of a block that are too many to stand in several tables. */
const MANY = 4

/** What stands inside a setting: members of an object, of the rows of a list, or of the alternative that has members. */
function innerOf(setting: Schema): Schema {
  if (setting.items) return setting.items
  return setting.anyOf?.find(({ properties }) => properties) ?? setting
}

const isList = (setting: Schema): boolean => setting['type'] === 'array'

function valueOf(setting: Schema): string {
  if (setting.anyOf) return [...new Set(setting.anyOf.map(valueOf))].join(' or ')
  if (setting['enum']) return (setting['enum'] as readonly Json[]).map((value) => `\`${String(value)}\``).join(', ')
  if ('const' in setting) return `\`${String(setting['const'])}\``
  if (isList(setting)) return 'list'
  return { integer: 'integer', number: 'number', string: 'text', boolean: 'true, false', object: 'block' }[String(setting['type'])] ?? 'any'
}

function defaultOf(setting: Schema, isRequired: boolean): string {
  if (isRequired) return '*required*'
  const value = setting['default']
  if (value === undefined || (typeof value === 'object' && JSON.stringify(value) === '{}')) return ''
  return `\`${typeof value === 'string' ? value || '""' : JSON.stringify(value)}\``
}
