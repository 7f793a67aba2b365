// Lists that come from files: read where the policy lies and nowhere else, hashed into the artefact.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleOf, diagnose, house, policy, when } from './helpers.ts'
import { listReader, readPolicyFiles } from '../../../../core/policy/load.ts'
import { sha256 } from '../../../../dsl/compile/canonical.ts'

const TEXT = `list names from "names.txt"\n${when('request.model in names')}`
/** All arrays in a condition that hold the values of the list. */
const listsIn = (logic: unknown): readonly unknown[] => {
  if (typeof logic !== 'object' || logic === null) return []
  return Array.isArray(logic) && logic[0] === 'a' ? [logic] : Object.values(logic).flatMap(listsIn)
}
const reading = (text: string | null) => () => text

describe('a list from a file', () => {
  it('holds one value per line: trimmed, once, without comments', () => {
    const file = '# names\r\n a \r\n\r\nb c\nb c\n\t# more\nd'
    const { policies, lists } = bundleOf(TEXT, reading(file))
    assert.deepEqual(policies[0]!.when, { in: [{ var: 'request.model' }, ['a', 'b c', 'd']] })
    assert.deepEqual(lists, [{ name: 'names', from: 'names.txt', sha256: sha256(file), count: 3 }])
  })
  it('makes another artefact when the file says something else', () => {
    assert.notEqual(bundleOf(TEXT, reading('a')).hash, bundleOf(TEXT, reading('b')).hash)
  })
  it('names its lists in order', () => {
    const { lists } = bundleOf(`list z from "z"\nlist a from "a"\n${when('request.model in z or request.model in a')}`, reading('x'))
    assert.deepEqual(
      lists.map(({ name }) => name),
      ['a', 'z'],
    )
  })
  it('P127: is there, holds something, and is not endless', () => {
    const fault = (text: string | null): string | undefined => diagnose(TEXT, house, reading(text))[0]?.message
    assert.equal(fault('a'), undefined)
    assert.match(fault(null)!, /the list `names` cannot be read: there is no file `names.txt`/)
    assert.match(fault('# nothing\n')!, /the list `names` holds nothing/)
    assert.match(fault('a\n'.repeat(1_000_002))!, /more than 1000000 lines/)
    assert.match(diagnose(TEXT)[0]!.message, /files are not read here/)
  })
  it('is one array in memory, however many policies use it', () => {
    const uses = ['request.model in names', 'request.stream and request.model in names', 'some t in request.tools where (t.name in names)']
    const text = `list names from "names.txt"\n${uses.map((use, i) => policy(`when ${use}\n  deny "a.b"`, 'request', `a.p${i}`)).join('\n')}`
    const lists = bundleOf(text, reading('a\nb')).policies.flatMap(({ when: condition }) => listsIn(condition))
    assert.equal(lists.length, 3)
    assert.ok(lists.every((list) => list === lists[0]))
  })
  it('looks for networks like one that is written', () => {
    const networks = (file: string) =>
      diagnose(`list nets from "n"\n${when('client.ip in nets')}`, house, reading(file)).map(({ code }) => code)
    assert.deepEqual(networks('10.0.0.0/8\n192.0.2.1'), [])
    assert.deepEqual(networks('10.0.0.0/33'), ['P112'])
  })
})

describe('the reader of lists', () => {
  let folder: string
  let root: string
  const write = (path: string, content: string | Buffer): void => writeFileSync(join(folder, path), content)
  const read = (list: string, paths: readonly string[] = [root]) => {
    const files = readPolicyFiles(paths)
    return listReader(files)(files.find(({ absolute }) => absolute.endsWith('p.policy'))!.path, list)
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-lists-'))
    root = join(folder, 'policies')
    mkdirSync(join(root, 'deep'), { recursive: true })
    write('policies/deep/p.policy', TEXT)
    write('policies/names.txt', 'a')
    write('policies/deep/names.txt', 'b')
    write('secret.txt', 'c')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('reads beside the policy, and up to the folder that was named', () => {
    assert.equal(read('names.txt'), 'b')
    assert.equal(read('../names.txt'), 'a')
    assert.equal(read('none.txt'), null)
  })
  it('reads nothing outside, by whatever way', () => {
    symlinkSync(join(folder, 'secret.txt'), join(root, 'deep/link.txt'))
    for (const path of ['../../secret.txt', join(folder, 'secret.txt'), 'link.txt'])
      assert.match(problemOf(read(path)), /outside the folder/)
    assert.match(problemOf(read('../names.txt', [join(root, 'deep/p.policy')])), /outside the folder/)
  })
  it('follows links that stay inside, as mounts of Kubernetes have them', () => {
    mkdirSync(join(root, '..data'))
    write('policies/..data/names.txt', 'd')
    symlinkSync('../..data/names.txt', join(root, 'deep/mounted.txt'))
    assert.equal(read('mounted.txt'), 'd')
  })
  it('says what is wrong with a file: too large, no text, no file', () => {
    write('policies/deep/large.txt', Buffer.alloc(16 * 1024 * 1024 + 1, 'a'))
    write('policies/deep/odd.txt', Buffer.from([0xff, 0xfe, 0x41]))
    assert.match(problemOf(read('large.txt')), /larger than 16777216 bytes/)
    assert.match(problemOf(read('odd.txt')), /no UTF-8 text/)
    assert.match(problemOf(read('../deep')), /no ordinary file/)
  })
})

function problemOf(read: ReturnType<ReturnType<typeof listReader>>): string {
  assert.ok(typeof read === 'object' && read !== null, String(read))
  return read.problem
}
