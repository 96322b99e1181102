// node validate.mjs rendered.yaml ...   validates custom resources against their projects' schemas.
// Prints one line an object; exits 1 where one is refused, 2 where none was found.
import { readFileSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import * as keda from '@kubernetes-models/keda/keda.sh/v1alpha1';
import * as operator from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';

const MODELS = { 'keda.sh/v1alpha1': keda, 'monitoring.coreos.com/v1': operator };
let found = 0;
let refused = 0;
for (const path of process.argv.slice(2)) {
  for (const object of loadAll(readFileSync(path, 'utf8'))) {
    const Model = MODELS[object?.apiVersion]?.[object.kind];
    if (!Model) continue;
    found += 1;
    const name = `${object.kind} ${object.metadata.name}`;
    try {
      new Model(object).validate();
      console.log(`ok ${name}`);
    } catch (error) {
      refused += 1;
      console.log(`refused ${name}: ${error.message}`);
    }
  }
}
process.exit(refused ? 1 : found ? 0 : 2);
