// How Node finds the modules of plugins from outside. Their addresses carry the version of their folder, so that a changed folder is loaded
// anew, helper files included; and `sallyport/plugin` is the door of the gateway that runs, so that errors and symbols are the same objects.
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'

const MARK = 'sallyport'
/** The door has the extension of this file: `.ts` in the repository, `.js` in the package. */
const DOOR = import.meta.url.replace(/module-hooks\.(\w+)$/, 'index.$1')

/** Address of a folder, with a slash at its end, by version. */
const folders = new Map<string, string>()
let isRegistered = false

/** Imports a file of a plugin's folder; what it imports from there carries the same version. */
export async function importVersioned(file: string, folder: string, version: string): Promise<unknown> {
  if (!isRegistered) register()
  isRegistered = true
  folders.set(version, `${pathToFileURL(folder).href}/`)
  return (await import(marked(pathToFileURL(file).href, version))) as unknown
}

const marked = (url: string, version: string): string => `${url}?${MARK}=${version}`

function register(): void {
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'sallyport/plugin') return { url: DOOR, shortCircuit: true }
      const resolved = next(specifier, context)
      const version = versionOf(context.parentURL)
      return version !== null && isOwn(resolved.url, version) ? { ...resolved, url: marked(resolved.url, version) } : resolved
    },
    load(url, context, next) {
      const loaded = next(url, context)
      // Node keeps CommonJS by its file name: a changed one would never be read again.
      if (versionOf(url) !== null && loaded.format?.startsWith('commonjs'))
        throw new Error(`${new URL(url).pathname} is CommonJS; write ES modules (import, export) and "type": "module" in package.json`)
      return loaded
    },
  })
}

function versionOf(url: string | undefined): string | null {
  const at = url?.lastIndexOf(`?${MARK}=`) ?? -1
  return at === -1 ? null : url!.slice(at + MARK.length + 2)
}

/** Libraries of a plugin are loaded once, like those of everybody. */
function isOwn(url: string, version: string): boolean {
  const folder = folders.get(version)
  return folder !== undefined && url.startsWith(folder) && !url.includes('?') && !url.slice(folder.length).includes('node_modules/')
}
