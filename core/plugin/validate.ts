// Checks the `plugins:` blocks of the configuration against the schemas that the plugins declare. Reports every finding, not the first.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { Plugin } from './contract.ts'
import type { JsonObject } from '../model/value.ts'

export interface PluginFinding {
  /** `plugins.quota.windows` */
  readonly path: string
  readonly message: string
}

export type CheckedPlugin = { readonly plugin: Plugin; readonly config: unknown }

/** Fills defaults and validates. Blocks of plugins that are not loaded are findings too. */
export function checkPluginConfigs(
  plugins: readonly Plugin[],
  blocks: { readonly [name: string]: JsonObject },
): { readonly checked: readonly CheckedPlugin[]; readonly findings: readonly PluginFinding[] } {
  const findings: PluginFinding[] = []
  const known = new Set(plugins.map((plugin) => plugin.name))
  for (const name of Object.keys(blocks)) {
    if (!known.has(name))
      findings.push({ path: `plugins.${name}`, message: `no plugin of this name is loaded; loaded are ${[...known].join(', ')}` })
  }
  const checked = plugins.map((plugin) => {
    const config: unknown = structuredClone(blocks[plugin.name] ?? {})
    const validate = compiled(plugin, findings)
    if (validate && !validate(config)) findings.push(...(validate.errors ?? []).map((error) => finding(plugin.name, error)))
    return { plugin, config }
  })
  return { checked, findings }
}

/** What is wrong with a plugin's schema as a schema; null: nothing. Asked of plugins from outside: for those that come with the gateway a test does. */
export function findSchemaFault(schema: object): string | null {
  const ajv = new Ajv({ strict: false })
  return ajv.validateSchema(schema) === true ? null : ajv.errorsText(ajv.errors, { dataVar: 'config' })
}

/** By schema, since making one takes long and plugins are checked at each reload, more than once. */
const validators = new WeakMap<object, ValidateFunction>()

function compiled(plugin: Plugin, findings: PluginFinding[]): ValidateFunction | null {
  const known = validators.get(plugin.config)
  if (known) return known
  try {
    // The schema that all schemas must meet takes a tenth of a second to make, at every start: whoever loads a plugin from outside holds it against that.
    const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: false, validateSchema: false, code: { optimize: false } })
    const made = ajv.compile({ ...plugin.config, additionalProperties: false } as object)
    validators.set(plugin.config, made)
    return made
  } catch (error) {
    findings.push({ path: `plugin ${plugin.name}`, message: `its config is no JSON Schema: ${(error as Error).message}` })
    return null
  }
}

function finding(name: string, error: ErrorObject): PluginFinding {
  const path = `plugins.${name}${error.instancePath.replaceAll('/', '.')}`
  if (error.keyword !== 'additionalProperties') return { path, message: error.message ?? error.keyword }
  return { path: `${path}.${String(error.params.additionalProperty)}`, message: 'is not a setting of this plugin' }
}
