// What tsc does not do: the executable bit of the command, and the files beside the code that the program reads.
import { chmodSync } from 'node:fs'

chmodSync(new URL('./dist/main.js', import.meta.url), 0o755)
