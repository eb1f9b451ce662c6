"""The proof that nobody changed the audit: at once while it is short, as a job when reading it takes long."""

from starlette.responses import Response

from onecard.base.jobs import service as jobs
from onecard.base.jobs.kinds import job
from onecard.base.jobs.model import Ended
from onecard.base.jobs.work import Work
from onecard.base.texts import Text, say, say_count
from onecard.tenants.audit import proofs
from onecard.tenants.audit.proofs import Verdict
from onecard.web.kit import outcome, render
from onecard.web.kit.jobs import JOBS
from onecard.web.kit.outcome import Outcome
from onecard.web.kit.views import Tone
from onecard.web.kit.visit import Visit

AT_ONCE_MOST = 20_000
"""Entries that are read while somebody waits; about a second."""
_TITLE = say("Proof of the audit")


async def verify(visit: Visit) -> Response:
    """Compute the chain anew and say what came of it."""
    async with visit.tx(snapshot=True) as tx:
        newest = await proofs.head(tx)
        if newest is not None and newest.number > AT_ONCE_MOST:
            job_id = await jobs.start(tx, visit.services.vault, AUDIT_VERIFY, _TITLE)
            visit.toast(say("The audit is long, so it is being read by a job."))
            return render.go(visit, f"{JOBS}/{job_id}")
        verdict = await proofs.verify(tx)
    told = Outcome(
        title=_TITLE,
        sentence=sentence(verdict),
        back="/system/audit",
        note=_note(verdict),
        tone=Tone.GOOD if verdict.ok else Tone.BAD,
    )
    return outcome.show(visit, told)


async def _verify(work: Work) -> Ended:
    step = say("Reading entries")
    async with work.tx(snapshot=True) as tx:
        verdict = await proofs.verify(tx, progress=lambda done, total: work.progress(done, total, step))
    return Ended(sentence(verdict), {"rows": verdict.entries}, failed=not verdict.ok)


AUDIT_VERIFY = job("audit.verify", again=True)(_verify)


def sentence(verdict: Verdict) -> Text:
    """What the proof found, as one sentence."""
    if verdict.ok:
        return say_count(
            verdict.entries,
            "The one entry is what was written, and nothing is missing.",
            "All {n} entries are what was written, and none is missing.",
            n=f"{verdict.entries:,}",
        )
    return say("The audit was changed outside of this system. {first}", first=verdict.faults[0].text)


def _note(verdict: Verdict) -> Text | None:
    if verdict.ok:
        return None if verdict.head is None else _newest(verdict.head)
    if len(verdict.faults) == 1:
        return say("Tell whoever runs the database. Do not change anything before it is understood.")
    return say("{count} places are wrong. Tell whoever runs the database, and change nothing before it is"
               " understood.", count=len(verdict.faults))  # fmt: skip


def _newest(head: proofs.Anchor) -> Text:
    return say(
        "Newest entry: {number}. Its hash {hash} covers all of them; whoever notes it elsewhere can prove"
        " later that nothing was rewritten.", number=head.number, hash=head.hash,
    )  # fmt: skip
