/** The mark: two brackets, you and an agent, and between them what was verified. */
export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      strokeWidth="2.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M8 6 2.5 12 8 18" stroke="var(--accent-1)" />
      <path d="m16 6 5.5 6-5.5 6" stroke="var(--accent-2)" />
      <circle cx="12" cy="12" r="2.2" fill="var(--accent-3)" />
    </svg>
  );
}
