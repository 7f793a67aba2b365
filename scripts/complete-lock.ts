// Completes `package-lock.json` with the binaries of foreign platforms. A registry that lacks one of them makes `npm install` leave it out of the
// lock file without a word, and `npm ci` then refuses the file everywhere. Run it after `npm install` has changed the lock file.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface Locked {
  readonly version?: string
  readonly optionalDependencies?: { readonly [name: string]: string }
}

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32']

const path = join(import.meta.dirname, '../package-lock.json')
const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: { [path: string]: Locked } }
const added: string[] = []

for (const { optionalDependencies = {} } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const key = `node_modules/${name}`
    if (key in lock.packages) continue
    // A range cannot be locked without the registry, and a package for every platform would be installed here.
    const platform = platformOf(name)
    if (!/^\d+\.\d+\.\d+[\w.-]*$/.test(version) || platform === null)
      throw new Error(`${name}@${version} cannot be completed; a registry that has it must write the lock file`)
    lock.packages[key] = { version, optional: true, ...platform } as Locked
    added.push(`${name}@${version}`)
  }
}

if (added.length > 0) {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')))
  writeFileSync(path, JSON.stringify(lock, null, 2) + '\n')
}
console.log(added.length === 0 ? 'the lock file is complete' : `added ${added.join(', ')}`)

/** System and processor as the package's name tells them: `@scope/lib-linux-arm64-gnu`. */
function platformOf(
  name: string,
): { readonly os?: readonly string[]; readonly cpu: readonly string[]; readonly libc?: readonly string[] } | null {
  const words = name.split(/[-/]/).map((word) => (/^arm(v\d|$)/.test(word) ? 'arm' : word))
  const os = SYSTEMS.find((system) => words.includes(system))
  const cpu = PROCESSORS.find((processor) => words.includes(processor))
  const libc = os !== 'linux' ? undefined : /musl/.test(name) ? 'musl' : /gnu/.test(name) ? 'glibc' : undefined
  if (cpu === undefined || (os === undefined && cpu !== 'wasm32')) return null
  return { ...(os ? { os: [os] } : {}), cpu: [cpu], ...(libc ? { libc: [libc] } : {}) }
}
