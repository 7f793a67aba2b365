// The thread of `compile-aside.ts`: loads the same plugins for their words, reads the files, compiles, and answers once.
import { parentPort, workerData } from 'node:worker_threads'
import { compilePolicies, PolicyError, readGatewayPolicies } from '../policy/load.ts'
import { gatherWords } from '../policy/words.ts'
import { loadPlugins } from '../plugin/load.ts'
import { PLUGINS } from '../plugins.ts'
import { readVocabularies } from '../plugin/registry.ts'
import type { Compiled } from './compile-aside.ts'
import type { PolicySources } from '../server/snapshots.ts'

async function compile({ paths, texts = [], baseDir, pluginPaths, plugins }: PolicySources): Promise<Compiled> {
  try {
    const words = gatherWords(readVocabularies(await loadPlugins(PLUGINS, pluginPaths, baseDir), plugins))
    return { ok: true, policies: compilePolicies([...readGatewayPolicies(paths, baseDir), ...texts], words) }
  } catch (error) {
    const isAboutPolicies = error instanceof PolicyError
    const message = error instanceof Error ? error.message : String(error)
    return { ok: false, isAboutPolicies, message, diagnostics: isAboutPolicies ? error.diagnostics : [] }
  }
}

parentPort!.postMessage(await compile(workerData as PolicySources))
