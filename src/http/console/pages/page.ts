import type { Hono } from 'hono'
import type { ConsoleEnv, ConsoleParts } from '../console-env.js'
import type { RenderPage } from '../render-page.js'

/** A page of the console, with the forms on it: routes of its own, at their full addresses. */
export type MountPage = (parts: ConsoleParts, render: RenderPage) => Hono<ConsoleEnv>
