// Reads the definitions of a request: tools, functions, and who runs them.
import { needArray, needObject, needString } from './check.ts'
import type { BodyPath } from '../../model/content.ts'
import type { Json, JsonObject } from '../../model/value.ts'
import type { RequestView } from './view.ts'

/** Types of tools that the client runs; every other type is run by the provider. */
const CLIENT_TYPES = new Set(['function', 'custom'])
/** Members whose names say nothing. */
const FUNCTION_MEMBERS = new Set(['description', 'parameters', 'strict', 'format'])
const TOOL_MEMBERS: { readonly [type: string]: ReadonlySet<string> } = {
  function: new Set(['type', 'function']),
  custom: new Set(['type', 'custom']),
}

export function readTools(tools: Json, view: RequestView): void {
  needArray(tools, ['tools']).forEach((item, i) => {
    const path = ['tools', i]
    const tool = needObject(item, path)
    const type = needString(tool.type, [...path, 'type'])
    if (CLIENT_TYPES.has(type)) {
      readDefinition(needObject(tool[type], [...path, type]), [...path, type], view)
      view.rest('prompt.definitions', tool, TOOL_MEMBERS[type]!, path)
    } else {
      view.serverTool(type)
      view.tools.push({ name: typeof tool.name === 'string' ? tool.name : type, source: 'provider' })
      view.whole('prompt.definitions', tool, path)
    }
  })
}

/** The older form of `tools`. */
export function readFunctions(functions: Json, view: RequestView): void {
  needArray(functions, ['functions']).forEach((item, i) => readDefinition(needObject(item, ['functions', i]), ['functions', i], view))
}

/** A description or schema is a contract between client and model: it is seen, and never rewritten. */
function readDefinition(definition: JsonObject, path: BodyPath, view: RequestView): void {
  const name = needString(definition.name, [...path, 'name'])
  view.tools.push({ name, source: 'client' })
  view.fixed('prompt.definitions', name, [...path, 'name'])
  for (const member in definition) {
    if (member === 'name') continue
    if (!FUNCTION_MEMBERS.has(member)) view.fixed('prompt.definitions', member, [...path, member])
    view.whole('prompt.definitions', definition[member]!, [...path, member])
  }
}
