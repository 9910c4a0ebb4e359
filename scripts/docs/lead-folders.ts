import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ProjectReflection, Reflection } from 'typedoc'
import { readManifest, root } from '../gates/repository.ts'

/** Points a link to a folder at the reference of its package. Below an example, points it at the example's README. */
export function leadFolders(project: ProjectReflection): void {
  const pages = new Map<string, Reflection>()
  for (const page of project.documents ?? []) {
    const file = project.files.getReflectionPath(page)
    if (file?.endsWith('/README.md') === true) pages.set(dirname(file), page)
  }
  const packages = new Map<string, Reflection>((project.children ?? []).map((child) => [child.name, child]))
  for (const path of [...project.files.getMediaPaths()]) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) continue
    const [parent = '', name = ''] = path.slice(root.length).split('/')
    const target =
      parent === 'packages' ? packages.get(readManifest(`packages/${name}`).name) : pages.get(join(root, parent, name))
    if (target !== undefined) project.files.registerReflectionPath(path, target)
  }
}
