import { Shell } from '../components/shell.tsx'
import { here } from '../src/here.ts'

export default async function NotFound() {
  const { who } = await here()
  return (
    <Shell identity={who.identity} returnTo="/">
      <main>
        <h1>There is no such page.</h1>
      </main>
    </Shell>
  )
}
