// Holds what a folder exports against the contract: types are gone when code from outside is loaded, so each promise is looked at.
import { findSchemaFault } from './validate.ts'
import type { Plugin } from './contract.ts'

const NAME = /^[a-z][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)*$/

type Members = { readonly [name: string]: unknown }

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const isFunction = (value: unknown): boolean => typeof value === 'function'
const isAbsent = (value: unknown): boolean => value === undefined

const PROMISES: readonly (readonly [member: keyof Plugin, holds: (value: unknown) => boolean, must: string])[] = [
  ['name', (value) => typeof value === 'string' && NAME.test(value), 'must be a lower-case name such as "weather"'],
  ['apiVersion', (value) => value === 1, 'must be 1, the version of the contract that this gateway speaks'],
  ['summary', isText, 'must be a text'],
  ['config', isObject, "must be the JSON Schema of the plugin's block"],
  ['after', (value) => isAbsent(value) || isTexts(value), 'must be a list of names of plugins'],
  ['vocabulary', (value) => isAbsent(value) || isFunction(value), 'must be a function'],
  ['setup', isFunction, 'must be a function'],
  [
    'onFailure',
    (value) => isObject(value) && Object.values(value).every((mode) => mode === 'deny' || mode === 'skip'),
    "must say 'deny' or 'skip' for each hook",
  ],
  [
    'budgetMs',
    (value) => isObject(value) && Object.values(value).every((ms) => typeof ms === 'number' && ms > 0),
    'must be an object with milliseconds for hooks',
  ],
]

/** The plugin of a module. Throws an Error with every promise that it breaks. */
export function pluginOf(exports: unknown): Plugin {
  const { default: plugin, ...named } = exports as Members
  if (plugin === undefined) throw new Error(`has no default export${hintAt(named)}`)
  if (!isObject(plugin))
    throw new Error(
      'its default export is no plugin; it must be an object with name, apiVersion, summary, config, setup, onFailure, budgetMs',
    )
  const broken = PROMISES.filter(([member, holds]) => !holds(plugin[member]))
  if (broken.length > 0)
    throw new Error(`its default export is no plugin: ${broken.map(([member, , must]) => `${member} ${must}`).join('; ')}`)
  const fault = findSchemaFault(plugin['config'] as object)
  if (fault !== null) throw new Error(`its config is no JSON Schema: ${fault}`)
  return plugin as unknown as Plugin
}

function hintAt(named: Members): string {
  const name = Object.keys(named).find((key) => isObject(named[key]) && 'apiVersion' in named[key])
  return name === undefined
    ? '; write `export default` before the plugin'
    : `; it exports \`${name}\` by name, write \`export default ${name}\``
}
