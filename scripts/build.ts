// Writes the publishable package into `dist/`: JavaScript, the standard policies, the launcher, and a package.json of its own without the
// Node pin and the tools. Nothing in `dist/` is edited by hand.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const COPIES = [
  'bin/sallyport.cjs',
  'bin/require-node.cjs',
  'policies',
  'prompts',
  'sallyport.schema.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
]

interface Manifest {
  readonly [key: string]: unknown
}

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
})
for (const name of COPIES) {
  if (existsSync(join(root, name))) cpSync(join(root, name), join(dist, name), { recursive: true })
}
writeFileSync(join(dist, 'package.json'), JSON.stringify(packageManifest(), null, 2) + '\n')

function packageManifest(): Manifest {
  const { name, version, description, license, type, engines, bin, dependencies } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Manifest
  const exports = {
    ...(existsSync(join(dist, 'core/index.js')) ? { '.': './core/index.js' } : {}),
    './plugin': './core/plugin/index.js',
    './package.json': './package.json',
  }
  return { name, version, description, license, type, engines, bin, exports, dependencies }
}
