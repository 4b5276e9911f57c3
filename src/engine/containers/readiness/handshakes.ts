// What a server says first, or to the smallest question of its protocol, and whether that means it serves. Pure.
import type { Probe, ProbeKind } from './probe.ts';

export interface Handshake {
  /** Sent once the connection is there; nothing where the server speaks first. */
  question?: Buffer;
  /** Undefined while more bytes are needed to tell; a sentence where the server is there but does not serve yet. */
  judge(answer: Buffer): true | string | undefined;
}

export function handshakeOf(probe: Probe): Handshake | undefined {
  return handshakes[probe.kind]?.(probe);
}

const handshakes: Partial<Record<ProbeKind, (probe: Probe) => Handshake>> = {
  http: ({ path, port }) => ({
    question: Buffer.from(
      `GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\nUser-Agent: wharf-ready\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    ),
    judge: judgeHttp,
  }),
  mysql: () => ({ judge: judgeMysql }),
  postgres: () => ({ question: postgresStartup(), judge: judgePostgres }),
  redis: () => ({ question: Buffer.from('PING\r\n'), judge: judgeRedis }),
};

/** 502, 503 and 504 say of themselves that somebody behind is not there yet. RFC 9110, 15.6. */
function judgeHttp(answer: Buffer): true | string | undefined {
  const text = answer.toString('latin1');
  const [, status] = /^HTTP\/\d(?:\.\d)? (\d{3})/.exec(text) ?? [];
  if (status === undefined) return text.length >= 12 ? true : undefined;
  return ['502', '503', '504'].includes(status) ? `it answers ${status}` : true;
}

/** The server's first packet: protocol 10, or an error such as too many connections. MySQL protocol, connection phase. */
function judgeMysql(answer: Buffer): true | string | undefined {
  if (answer.length < 5) return undefined;
  if (answer[4] === 0xff) return `it refuses: ${answer.subarray(7).toString('latin1').slice(0, 100)}`;
  return answer[4] === 10 ? true : 'it does not speak the MySQL protocol';
}

/** A startup message for a user of no rights. PostgreSQL documentation, message formats: StartupMessage. */
function postgresStartup(): Buffer {
  const parameters = Buffer.from('user\0wharf_ready\0database\0postgres\0\0');
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + parameters.length, 0);
  head.writeInt32BE(196608, 4);
  return Buffer.concat([head, parameters]);
}

/** Any answer but an error 57P03 (cannot connect now: it starts up, stops or recovers). */
function judgePostgres(answer: Buffer): true | string | undefined {
  if (answer.length < 5) return undefined;
  if (answer[0] === 0x52) return true;
  if (answer[0] !== 0x45) return 'it does not speak the PostgreSQL protocol';
  if (answer.length < 1 + answer.readInt32BE(1)) return undefined;
  const fields = answer.subarray(5).toString('utf8').split('\0');
  const code = fields.find((field) => field.startsWith('C'))?.slice(1);
  return code === '57P03'
    ? (fields.find((field) => field.startsWith('M'))?.slice(1) ?? 'it starts up')
    : true;
}

/** An error such as NOAUTH is an answer too, but LOADING says that the data are not there yet. */
function judgeRedis(answer: Buffer): true | string | undefined {
  const text = answer.toString('latin1');
  if (!text.includes('\r\n')) return undefined;
  if (/^-(LOADING|MASTERDOWN)/.test(text)) return text.slice(1).trim();
  return /^[+-]/.test(text) ? true : 'it does not speak the Redis protocol';
}
