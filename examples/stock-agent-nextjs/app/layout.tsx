import type { Metadata, Viewport } from 'next'
import type { ReactNode } from 'react'
import { Settling } from '../components/settling.tsx'
import './globals.css'

export const metadata: Metadata = { title: { default: 'Stock agent', template: '%s · Stock agent' } }
export const viewport: Viewport = { width: 'device-width', initialScale: 1, colorScheme: 'light dark' }

export default function Layout({ children }: { readonly children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <Settling />
        {children}
      </body>
    </html>
  )
}
