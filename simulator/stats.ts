import { drawPlan } from './chaos/draw.ts'
import { runChaos } from './chaos/run.ts'
const [a=1,b=10]=process.argv[2]!.split('..').map(Number)
for (let s=a;s<=b;s++){const t=process.cpuUsage();const r=runChaos(drawPlan(s));const c=process.cpuUsage(t);console.log(s,((c.user+c.system)/1e6).toFixed(2),r.violations.length,[...r.sights.keys()].join(','))}
