// crypt(3) of the machine's libcrypt: password hashes that others made, such as bcrypt.
import koffi from 'koffi';

/** sizeof(struct crypt_data) of libxcrypt; the older glibc's is larger than what it uses. */
const scratchBytes = 131_232;

type Crypt = ReturnType<ReturnType<typeof koffi.load>['func']>;

let bound: Crypt | undefined;

/**
 * Hash of `password` by the method, cost and salt of `setting` (a whole hash will do). Undefined where libcrypt does not
 * know the method. Runs in a thread. Throws where the machine has no libcrypt. Source: crypt(3), crypt(5).
 */
export function cryptPassword(password: string, setting: string): Promise<string | undefined> {
  bound ??= koffi.load('libcrypt.so.1').func('crypt_r', 'str', ['str', 'str', 'void *']);
  const call = bound;
  const scratch = Buffer.alloc(scratchBytes);
  return new Promise((resolve, reject) => {
    call.async(password, setting, scratch, (thrown: unknown, hash: string | null) => {
      // The password is in it.
      scratch.fill(0);
      if (thrown) reject(thrown);
      // A failure is told by a text that is no hash.
      else resolve(hash === null || hash.startsWith('*') ? undefined : hash);
    });
  });
}
