// Works out the order of plugins: the order of the list, except where a plugin says it comes `after` others.
import type { Plugin } from './contract.ts'

/** Orders plugins so that each stands behind those it names in `after`; throws an Error naming the members of a circle. */
export function orderPlugins<P extends Pick<Plugin, 'name' | 'after'>>(plugins: readonly P[]): readonly P[] {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]))
  const ordered: P[] = []
  const done = new Set<string>()

  function place(plugin: P, path: readonly string[]): void {
    if (done.has(plugin.name)) return
    if (path.includes(plugin.name)) throw new Error(`plugins wait for each other: ${[...path, plugin.name].join(' -> ')}`)
    for (const name of plugin.after ?? []) {
      const earlier = byName.get(name)
      if (earlier) place(earlier, [...path, plugin.name])
    }
    done.add(plugin.name)
    ordered.push(plugin)
  }

  for (const plugin of plugins) place(plugin, [])
  return ordered
}
