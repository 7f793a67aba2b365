// A configuration that cannot be used: every finding at once, each with its path, so that one round of corrections is enough.

export interface ConfigFinding {
  /** `models[0].targets[1].provider`; empty for the file as a whole. */
  readonly path: string
  readonly message: string
}

export class ConfigError extends Error {
  readonly findings: readonly ConfigFinding[]
  /** True when the file that was asked for does not exist: the command line is wrong, not the configuration. */
  readonly isUsage: boolean

  constructor(source: string, findings: readonly ConfigFinding[], isUsage = false) {
    const count = findings.length === 1 ? '1 finding' : `${findings.length} findings`
    const lines = findings.map(({ path, message }) => `  ${path === '' ? '' : `${path}: `}${message}`)
    super(`${source}: ${count}\n${lines.join('\n')}`)
    this.name = 'ConfigError'
    this.findings = findings
    this.isUsage = isUsage
  }
}
