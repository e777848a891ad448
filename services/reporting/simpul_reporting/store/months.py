"""The roll-ups against their facts: how far they differ (never, unless something is wrong) and how they are made anew."""

from simpul_shared.platform.database import Transaction

from simpul_reporting.store.facts import change_map


async def drifted(tx: Transaction) -> int:
    """How many rows of the roll-ups are not what a recount of the facts gives."""
    rows: int = await tx.fetchval(
        """
        select count(*) from (
            (select * from activity_month where activities <> 0 except select * from activity_month_recount)
            union all (select * from activity_month_recount except select * from activity_month)
        ) as activity
        """
    )
    marks: int = await tx.fetchval(
        """
        select count(*) from (
            (select * from attendance_month where registered <> 0 or present + late + excused + sick + absent <> 0
                except select * from attendance_month_recount)
            union all (select * from attendance_month_recount except select * from attendance_month)
        ) as attendance
        """
    )
    return rows + marks


async def recount(tx: Transaction) -> None:
    """Make both roll-ups anew from the facts, while no fact and no region comes in."""
    await change_map(tx)
    await tx.execute("delete from activity_month")
    await tx.execute("insert into activity_month select * from activity_month_recount")
    await tx.execute("delete from attendance_month")
    await tx.execute("insert into attendance_month select * from attendance_month_recount")
