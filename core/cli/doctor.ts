// `sallyport doctor`: looks at everything a gateway needs and says what to do about what is missing. Changes nothing, unless it is asked to.
import { accessSync, constants, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { checkRedis, checkState, type Finding } from './doctor-state.ts'
import { loadConfig } from '../config/load.ts'
import { credentialValue } from '../config/secrets.ts'
import { compilePolicies, readGatewayPolicies } from '../policy/load.ts'
import { gatherWords } from '../policy/words.ts'
import { readVocabularies } from '../plugin/registry.ts'
import { pluginsOf } from './loaded-plugins.ts'
import { policyPaths } from '../server/snapshots.ts'
import { runSql } from '../recorder/sql.ts'
import { secretsFolder } from '../state/secrets.ts'
import { recordOptions } from './record-options.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { RecorderOptions } from '../recorder/options.ts'

type Check = (loaded: LoadedConfig) => Finding | readonly Finding[] | Promise<Finding | readonly Finding[]>

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check configuration, folders, policies, providers, Redis and ClickHouse, and say what to do')
    .option('--config <file>', 'configuration to look at')
    .option('--json', 'findings as JSON')
    .option('--rebuild-quotas', 'instead, count the running windows of limits again from the record and set them')
    .action(async (options: { config?: string; json?: boolean; rebuildQuotas?: boolean }) => {
      if (options.rebuildQuotas) return (await import('./rebuild-quotas.ts')).printRebuilt(options.config, options.json === true)
      const findings = await examine(options.config)
      process.stdout.write(options.json ? `${JSON.stringify(findings)}\n` : findings.map(line).join(''))
      if (findings.some(({ state }) => state === 'bad')) process.exitCode = 1
    })
}

const CHECKS: readonly Check[] = [
  checkPlugins,
  checkPolicies,
  checkStandard,
  checkFolders,
  checkState,
  checkRedis,
  checkSecrets,
  checkCredentials,
  checkRates,
  checkClickHouse,
]

/** Everything at once: a failing check does not keep the others from being made. */
export async function examine(path: string | undefined): Promise<readonly Finding[]> {
  const node: Finding = { what: 'node', state: 'ok', says: process.versions.node }
  let loaded: LoadedConfig
  try {
    loaded = loadConfig(path)
  } catch (error) {
    return [node, bad('config', messageOf(error))]
  }
  const config = ok('config', loaded.path ?? 'built-in defaults; `sallyport init` writes a file to start from')
  const found = await Promise.all(CHECKS.map((check) => attempt(check, loaded)))
  return [node, config, ...found.flat()]
}

async function attempt(check: Check, loaded: LoadedConfig): Promise<readonly Finding[]> {
  try {
    return [await check(loaded)].flat()
  } catch (error) {
    return [bad(check.name.replace('check', '').toLowerCase(), messageOf(error))]
  }
}

async function checkPlugins(loaded: LoadedConfig): Promise<Finding> {
  const vocabularies = readVocabularies(await pluginsOf(loaded), loaded.config.plugins)
  return ok('plugins', vocabularies.map(({ plugin }) => plugin).join(', '))
}

async function checkPolicies(loaded: LoadedConfig): Promise<Finding> {
  const words = gatherWords(readVocabularies(await pluginsOf(loaded), loaded.config.plugins))
  const files = readGatewayPolicies(policyPaths(loaded), loaded.baseDir)
  const { warnings } = compilePolicies(files, words)
  const notes = warnings.length === 0 ? '' : `, ${warnings.length} warnings; \`sallyport policy check\` shows them`
  return { what: 'policies', state: warnings.length === 0 ? 'ok' : 'note', says: `${files.length} files${notes}` }
}

function checkStandard({ config }: LoadedConfig): Finding {
  if (config.policies.standard) return ok('standard', 'the standard policies are on')
  return note(
    'standard',
    'the standard policies are off (policies.standard: false): scopes, PII modes and quotas hold only if your own policies say so',
  )
}

function checkFolders({ config, baseDir }: LoadedConfig): readonly Finding[] {
  const { state, record } = config
  const folders = [
    ['state', state.driver === 'embedded' ? state.path : null],
    ['spool', record.spool.path],
    ['clickhouse folder', record.clickhouse.driver === 'embedded' ? record.clickhouse.path : null],
  ] as const
  return folders.flatMap(([what, path]) => (path === null ? [] : [writable(what, resolve(baseDir, path))]))
}

function writable(what: string, folder: string): Finding {
  let place = folder
  while (!existsSync(place)) place = dirname(place)
  try {
    accessSync(place, constants.W_OK | constants.X_OK)
    return ok(what, place === folder ? folder : `${folder} (will be made)`)
  } catch {
    return bad(what, `${place} cannot be written by this user; change its owner, or name another folder`)
  }
}

function checkSecrets(loaded: LoadedConfig): Finding {
  const folder = secretsFolder(loaded)
  if (!existsSync(folder)) return ok('secrets', `${folder} (will be made)`)
  const open = [folder, join(folder, 'pepper')].filter((path) => existsSync(path) && (statSync(path).mode & 0o077) !== 0)
  if (open.length === 0 || process.platform === 'win32') return ok('secrets', folder)
  return bad('secrets', `${open.join(', ')} can be read by others; run: chmod -R go= ${folder}`)
}

function checkCredentials({ credentials }: LoadedConfig): readonly Finding[] {
  return [...credentials].map(([reference, source]) =>
    credentialValue(source) === null
      ? bad('credential', `${reference} leads nowhere; set it, or remove the provider`)
      : ok('credential', reference),
  )
}

function checkRates({ directory }: LoadedConfig): Finding {
  const unpriced = [...directory.models.values()]
    .filter(({ targets }) => targets.some(({ rates }) => rates === null))
    .map(({ name }) => name)
  return unpriced.length === 0
    ? ok('rates', 'every model has prices')
    : note('rates', `no price is known for ${unpriced.join(', ')}: their cost stays unknown, and money limits do not see it`)
}

async function checkClickHouse(loaded: LoadedConfig): Promise<Finding> {
  const { driver } = loaded.config.record.clickhouse
  const options = recordOptions(loaded)
  if (options.clickhouse.driver === 'server' || existsSync(options.clickhouse.path)) return engineFinding(driver, options)
  // Before the first start there is nothing to open, and to make it is not our business: the engine shows itself on an empty folder.
  const path = mkdtempSync(join(tmpdir(), 'sallyport-doctor-'))
  try {
    return await engineFinding(driver, { ...options, spool: path, clickhouse: { driver: 'embedded', path: join(path, 'clickhouse') } })
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

async function engineFinding(driver: string, options: RecorderOptions): Promise<Finding> {
  const { rows } = await runSql(options, 'SELECT version()')
  for await (const [version] of rows) return ok('clickhouse', `${driver}, ${String(version)}`)
  return bad('clickhouse', `${driver}: no answer`)
}

const ok = (what: string, says: string): Finding => ({ what, state: 'ok', says })
const note = (what: string, says: string): Finding => ({ what, state: 'note', says })
const bad = (what: string, says: string): Finding => ({ what, state: 'bad', says })

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const line = ({ what, state, says }: Finding): string =>
  `${{ ok: 'ok  ', note: 'note', bad: 'BAD ' }[state]}  ${what.padEnd(18)}${says.replaceAll('\n', '\n' + ' '.repeat(24))}\n`
