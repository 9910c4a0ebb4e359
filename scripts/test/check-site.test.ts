import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { titleOf } from '../docs/arrange-pages.ts'
import { checkSite } from '../docs/check-site.ts'
import { keepDiagrams } from '../docs/draw-diagrams.ts'
import { showSources } from '../docs/show-sources.ts'
import { folderWith } from './fixture.ts'

test('links, images and anchors that lead somewhere are counted', () => {
  const site = folderWith({
    'index.html':
      '<a href="pages/a.html#b">b</a><img src="a.png"><a id="top" href="#top">top</a><a href="https://x.example/">x</a>',
    'pages/a.html': '<h1 id="b">B</h1><script src="../a.js"></script><script>"<a href=\\"gone\\">"</script>',
    'a.js': '',
    'a.png': '',
  })
  expect(checkSite(site)).toEqual({ problems: [], pages: 2, links: 4, external: 1 })
})

test('those that lead nowhere are told with their page', () => {
  const site = folderWith({
    'index.html':
      '<a href="gone.html">a</a><a href="a.html#gone">b</a><a href="http://">c</a><a class="x" href="javascript:x">d</a>',
    'a.html': '<p id="here"></p><img src="../out.png">',
  })
  expect(checkSite(site).problems).toEqual([
    'a.html: ../out.png leads to no file of the site',
    'index.html: gone.html leads to no file of the site',
    'index.html: a.html#gone leads to no element of a.html',
    'index.html: http:// is not an address',
    'index.html: javascript:x is not an address',
  ])
})

test('a file that a page cites is shown as text, and an image as it is', () => {
  const site = folderWith({
    'pages/a.html': '<a href="../media/a.test.ts">a</a><img src="../media/b.png"><a href="../media/b.png">b</a>',
    'media/a.test.ts': 'test',
    'media/b.png': '',
  })
  showSources(site)
  expect(checkSite(site)).toMatchObject({ problems: [], links: 3 })
  expect(readFileSync(join(site, 'pages', 'a.html'), 'utf8')).toContain('href="../media/a.test.ts.txt"')
})

test('a page is called by its heading', () => {
  expect(titleOf('<!-- x -->\n# Coming from `@auth0/ai`, [again](x.md)\n\n## no\n')).toBe(
    'Coming from @auth0/ai, again',
  )
  expect(titleOf('no heading')).toBeUndefined()
})

test('a diagram stays text for the browser, and other fences are as they were', () => {
  const rules: Parameters<typeof keepDiagrams>[0]['renderer']['rules'] = { fence: () => 'highlighted' }
  keepDiagrams({ renderer: { rules } })
  const tokens = [
    { info: 'mermaid', content: 'a-->b & <c>' },
    { info: 'ts', content: 'const a = 1' },
  ]
  expect(rules.fence?.(tokens, 0)).toBe('<pre class="mermaid">a--&gt;b &amp; &lt;c&gt;</pre>\n')
  expect(rules.fence?.(tokens, 1)).toBe('highlighted')
})
