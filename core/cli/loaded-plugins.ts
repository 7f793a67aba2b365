// The plugins that a command works with: those that come with the gateway, and the folders that the configuration names.
import { loadPlugins } from '../plugin/load.ts'
import { PLUGINS } from '../plugins.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { Plugin } from '../plugin/contract.ts'

/** Without a configuration: those that come with the gateway. Throws PluginConfigError with every finding. */
export function pluginsOf(loaded: LoadedConfig | null): Promise<readonly Plugin[]> {
  return loadPlugins(PLUGINS, loaded?.config.pluginPaths ?? [], loaded?.baseDir ?? process.cwd())
}
