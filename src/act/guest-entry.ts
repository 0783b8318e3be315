/** Processes for actions and conditions, which may have a network; those of jobs are the jobs room's. */
export const guestEntry = new URL('./guest-child.js', import.meta.url)
