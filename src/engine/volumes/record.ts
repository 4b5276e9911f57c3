// What is remembered of a volume.

export interface VolumeRecord {
  name: string;
  /** RFC 3339. */
  createdAt: string;
  labels: Record<string, string> | null;
  /** Options of the local driver: type, device, o, size. */
  options: Record<string, string> | null;
  /** A rename from that name was begun. */
  renamedFrom?: string;
  /** Its folder, filled elsewhere, is about to come. */
  arriving?: true;
  /** Its removal was begun. */
  removing?: true;
}

/** What begins so in the folder of volumes is nobody's, and removed by the next engine. */
export const trashPrefix = '.trash-';

/** The label of volumes that nobody named. */
export const anonymousLabel = 'com.docker.volume.anonymous';
