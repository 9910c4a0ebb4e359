import { tellApp } from '@behalf/core/spi'
import type { GuardedCall } from './guarded-tools.ts'

/** Passes the original error to the app. */
export function reportError(error: unknown, { name, onError }: Pick<GuardedCall, 'name' | 'onError'>): void {
  tellApp(() => onError?.(error, name))
}
