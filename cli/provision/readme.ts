// The text that lies in a bundle: how each form of it gets onto a board.

import type { BundleInput } from './bundle.ts'
import type { Form } from './forms.ts'

const ways: Readonly<Record<Form, string>> = {
  'cloud-init': `cloud-init       give cloud-init/user-data and a meta-data as seed (NoCloud: the boot partition, or a volume called CIDATA). It holds everything,
                 so it is too large for a cloud's user-data, and that is no place for it: every process there may ask for it
`,
  ansible: `Ansible          in ansible/:  ansible-playbook site.yml   (inventory.example.yml says what stands there)
`,
  deb: `Debian           as root:     apt-get install ./shoal_VERSION_ARCHITECTURE.deb   (in deb/; a board's own settings: /etc/shoal/board.yaml)
`,
  compose: `Docker           in compose/:  docker compose up --detach --build   (the agent in a container; containers only, no plain processes)
`,
}

export function readme({ pool, boards, forms }: BundleInput): string {
  const [first = 'NAME'] = boards
  return `shoal for the boards of pool ${pool}. The same folder serves every board; it holds the fleet's pre-shared key and is a secret.

SD card image    copy overlay/ onto the root file system as root:   cp -a overlay/. /mnt/sd/ && chown -R root:root /mnt/sd/opt/shoal /mnt/sd/etc/shoal
                 or: DESTDIR=/mnt/sd sh install.sh
a running board  copy this folder there, then as root:              sh install.sh${boards.length === 0 ? '' : `\nits own name     sh install.sh --board ${first}   (boards/ has one folder for each; without --board it is the one of the host's name, if there is one)`}
${forms.map((form) => ways[form]).join('')}
Nobody has to log in: a board makes its own key at its first start and joins through the addresses in overlay/etc/shoal/join.json.
An image must not hold /var/lib/shoal: a key that two boards share makes them one.
`
}
