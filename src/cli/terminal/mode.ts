// Permission bits and file types as `ls -l` writes them.

const letters = { file: '-', directory: 'd', symlink: 'l', fifo: 'p', socket: 's', device: 'c' } as const;

/** Such as `drwxr-xr-t`. */
export function modeText({ Type, Mode }: { Type: keyof typeof letters; Mode: number }): string {
  const special = [0o4000, 0o2000, 0o1000].map((bit) => (Mode & bit) !== 0);
  const triples = [6, 3, 0].map((shift, index) => {
    const bits = (Mode >> shift) & 7;
    const runs = (bits & 1) !== 0;
    const last = special[index] ? (index === 2 ? 't' : 's') : 'x';
    const end = special[index] ? (runs ? last : last.toUpperCase()) : runs ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${end}`;
  });
  return letters[Type] + triples.join('');
}
