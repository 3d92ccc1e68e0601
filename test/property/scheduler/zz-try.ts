import { explore } from '/work/main/test/support/slot-model.ts'
import { defaultDisconnect } from '/work/main/test/support/view.ts'
let n=0, states=0, max=0
const bad:any[]=[]
const R=(g:number)=>({state:'running',generation:g}), C=(g:number)=>({state:'claimed',generation:g}), O=(g:number)=>({...R(g),old:true})
const starts=[[R(1),R(2),R(2)],[R(1),C(2),R(3)],[R(1),R(2),undefined],[C(1),C(1),C(1)],[O(1),R(2),C(3)],[O(1),O(2),R(3)],[undefined,undefined,undefined],[R(1),C(2),undefined]] as any[]
for (const reconcile of ['best_score','keep_replacement'] as const)
for (const w of [[0,0,0],[0,0,10],[0,5,10]])
for (const dr of [-1,0])
for (const st of starts) for (const fault of ['none','task-fails','node-dies','cut'] as const) for (const victim of fault==='none'?[0]:[0,1,2]) for (const partition of fault==='cut'?['half','any']:['half']) {
  const s={boards:st.map((claim:any,i:number)=>({claim,weight:w[i],draining:dr===i})),disconnect:{...defaultDisconnect,reconcile,partition},fault,victim} as any
  const t=Date.now(); const r=explore(s); n++; states+=r.states; max=Math.max(max,r.states); if(r.states>400000) console.log(r.states,Date.now()-t,JSON.stringify(st),fault,victim,dr,w)
  if(r.broken.length) {bad.push([s,r.broken]); console.log(JSON.stringify(s.boards),fault,victim,partition,reconcile,r.broken[0])}
  if (n%20===0) console.log(n,states,max)
}
console.log({n,states,max,bad:bad.length})
