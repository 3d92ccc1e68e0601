// The bundle as an Ansible role: a playbook and an inventory to begin with. The role copies overlay and installer to each board and
// runs the installer there; names and labels are the inventory's.

import { join } from 'node:path'
import { stringify } from 'yaml'
import type { BundleInput } from './bundle.ts'
import type { BundleFile } from './files.ts'

/** Place below `ansible/` → the file in `deploy/ansible/`. */
const places: Readonly<Record<string, string>> = {
  'site.yml': 'site.yml',
  'ansible.cfg': 'ansible.cfg',
  'roles/shoal/tasks/main.yml': 'tasks.yml',
  'roles/shoal/defaults/main.yml': 'defaults.yml',
}

export function ansibleFiles({ program, boards }: BundleInput): BundleFile[] {
  const names = boards.length === 0 ? ['shop-001', 'shop-002'] : boards
  return [
    ...Object.entries(places).map(([place, file]) => ({
      path: `ansible/${place}`,
      content: { copyOf: join(program, 'board/ansible', file) },
    })),
    { path: 'ansible/inventory.example.yml', content: { text: inventory(names) } },
  ]
}

function inventory(names: readonly string[]): string {
  const hosts = Object.fromEntries(names.map((name) => [name, null]))
  const words = `# Copy this to inventory.yml; a host's name is its board's name. Then, in this folder: ansible-playbook site.yml
# What a host may have of its own:
#   shop-001:
#     ansible_host: 192.0.2.17
#     shoal_labels: { rack: a }
`
  return `${words}${stringify({ boards: { hosts, vars: { ansible_user: 'root' } } }, { nullStr: '' })}`
}
