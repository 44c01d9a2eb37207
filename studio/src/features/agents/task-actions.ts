import { refreshProject } from '../../app/queries.ts';
import { text } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { isRpcFault, type RpcFault } from '../../rpc/fault.ts';
import { toast, toastFault, toastUndo } from '../../ui/toasts.tsx';
import { refreshTask, type Task } from './agent-queries.ts';
import { followerOf } from './follow-task.ts';
import { type ChangeRequest, conflictOf, request as requestChange } from './open-conflicts.ts';

type TaskPlace = Pick<Task, 'projectId' | 'taskId'>;

/** Reads everything again that may be another now. */
export async function refreshAfter({ projectId, taskId }: TaskPlace): Promise<void> {
  followerOf(projectId, taskId).wake();
  await Promise.all([refreshTask(projectId, taskId), refreshProject(projectId)]);
}

/** Carries a request out; false with a conflict, which `conflictOf` then holds, or a fault, which was shown. */
export async function carryOut(task: TaskPlace, request: ChangeRequest): Promise<boolean> {
  const { action } = request;
  try {
    const result = await requestChange(task, request);
    if (result.conflicts.length > 0) {
      conflictOf(task.taskId).set({ request, conflicts: result.conflicts });
      return false;
    }
    conflictOf(task.taskId).set(undefined);
    const count = result.written.length;
    if (count === 0) toast({ title: text('agents:nothingToApply') });
    else if (action === 'apply')
      toastUndo(text('agents:applied', { count }), () => void carryOut(task, { action: 'rollback' }));
    else if (action === 'rollback')
      toastUndo(text('agents:rolledBackToast', { count }), () => void carryOut(task, { action: 'redo' }));
    else toast({ title: text('agents:broughtBack', { count }), tone: 'good' });
    return true;
  } catch (error) {
    if (action === 'apply' && isRpcFault(error, 'agents.merge_check_failed'))
      offerInsisting(task, request, error);
    else toastFault(error);
    return false;
  } finally {
    await refreshAfter(task);
  }
}

/** What fits line by line can still fail its check together; its user may know better. */
function offerInsisting(task: TaskPlace, request: ChangeRequest, { message }: RpcFault): void {
  toast({
    title: message,
    detail: text('agents:mergeCheckHint'),
    tone: 'bad',
    action: {
      label: text('agents:applyAnyway'),
      run: () => void carryOut(task, { ...request, insist: true }),
    },
  });
}

/** Puts a proposed change away. */
export async function reject(task: TaskPlace): Promise<void> {
  try {
    await rpc.call('agent.reject', { taskId: task.taskId });
    toast({ title: text('agents:rejectedToast'), tone: 'good' });
  } catch (error) {
    toastFault(error);
  }
  await refreshAfter(task);
}

/** Ends a task; resolves when the server has entered it. */
export async function stopTask(task: TaskPlace): Promise<void> {
  try {
    await rpc.call('agent.cancel', { taskId: task.taskId });
  } catch (error) {
    toastFault(error);
  }
  await refreshAfter(task);
}
