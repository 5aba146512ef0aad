from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.sql.classify import classify
from slipway.release.sql.model import Script
from slipway.release.sql.names import overlaps


def _spliced(parts: tuple[str, int, str]) -> str:
    text, at, insert = parts
    return text[:at] + insert + text[at + len(insert) :]


def _effects(text: str) -> list[str]:
    script = classify(text)
    assert script.problem is None, script.problem
    return [operation.effect for operation in script.operations]


@pytest.mark.parametrize(
    "text",
    [
        "create table coupons (id bigint primary key, code text not null)",
        "alter table orders add column coupon text",
        "alter table orders add column coupon text not null default ''",
        "alter table orders add column id2 bigint generated always as identity",
        "alter table orders add column n serial not null",
        "create index concurrently i on orders (coupon)",
        "create view v as select 1",
        "alter type state add value 'held'",
        "alter table orders alter column coupon drop not null",
        "alter table orders alter column coupon set default 'x'",
        "alter table orders validate constraint c",
        "create function f() returns int language sql as 'select 1'",
        "grant select on orders to reader",
        "create sequence s",
        "create table archive as select 1 as a",
    ],
)
def test_what_only_adds_is_an_expand(text: str) -> None:
    assert _effects(text) == ["expand"]


@pytest.mark.parametrize(
    ("text", "loses"),
    [
        ("drop table orders", True),
        ("drop view v", False),
        ("drop index i", False),
        ("alter table orders drop column total", True),
        ("alter table orders rename column total to amount", False),
        ("alter table orders rename to purchases", False),
        ("alter table orders alter column total type int4", True),
        ("alter table orders alter column total type bigint", False),
        ("alter table orders alter column total set not null", False),
        ("alter table orders alter column total drop default", False),
        ("alter table orders add column total int not null", False),
        ("alter table orders add constraint c check (total > 0)", False),
        ("alter table orders drop constraint c", False),
        ("create unique index i on orders (coupon)", False),
        ("truncate orders", True),
        ("alter type state rename value 'held' to 'kept'", False),
        ("create or replace function f() returns int language sql as 'select 1'", False),
        ("create or replace view v as select 1", False),
        ("revoke select on orders from reader", False),
        ("do $$ begin perform 1; end $$", False),
        ("call cleanup()", False),
        ("select cleanup()", False),
        ("create trigger t before insert on orders execute function f()", False),
        ("with gone as (delete from orders returning *) select * from gone", False),
        ("drop schema shop cascade", True),
        ("alter table orders alter column id drop identity", False),
        ("alter table orders enable trigger t", False),
        ("alter table orders add column n int unique default 1", False),
    ],
)
def test_what_may_break_the_previous_artifact_is_a_contract(text: str, loses: bool) -> None:
    script = classify(text)
    assert {operation.effect for operation in script.operations} == {"contract"}
    assert any(operation.loses_data for operation in script.operations) == loses


def test_rows_that_change_are_data_and_deleted_ones_are_lost() -> None:
    script = classify("insert into a values (1); update a set b = 1; delete from a")
    assert [(o.effect, o.loses_data) for o in script.operations] == [("data", False), ("data", False), ("data", True)]


def test_a_merge_that_deletes_loses_rows() -> None:
    (merge,) = classify("merge into a using b on a.i = b.i when matched then delete").operations
    assert (merge.effect, merge.loses_data) == ("data", True)
    (merge,) = classify("merge into a using b on a.i = b.i when matched then update set x = 1").operations
    assert (merge.effect, merge.loses_data) == ("data", False)


def test_settings_and_transactions_are_nothing() -> None:
    script = classify(
        "begin; set lock_timeout = '1s'; select set_config('a', 'b', false); commit; -- drop table orders"
    )
    assert script.does_something is False


def test_a_table_that_the_script_makes_itself_may_be_changed_freely() -> None:
    assert set(
        _effects("create table t (a int); alter table t alter a set not null; create unique index on t (a)")
    ) == {"expand"}


def test_a_table_that_may_have_been_there_before_may_not() -> None:
    effects = _effects("create table if not exists orders (a int); alter table orders alter a set not null")
    assert effects == ["expand", "contract"]


def test_a_table_that_the_script_dropped_again_is_not_its_own_any_more() -> None:
    assert _effects("create table t (a int); drop table t; drop table t") == ["expand", "contract"]


@pytest.mark.parametrize(
    "text",
    [
        "create temp table orders (a int); drop table orders; drop table orders",
        "create temp table orders (a int); alter table public.orders alter a set not null",
        "set search_path = mine; create table orders (a int); alter table public.orders alter a set not null",
        "select set_config('search_path', 'mine', false); create table orders (a int); drop table public.orders",
    ],
)
def test_a_table_of_another_schema_does_not_hide_the_one_of_the_same_name(text: str) -> None:
    assert [effect for effect in _effects(text) if effect != "neutral"] == ["expand", "contract"]


def test_a_temporary_table_may_be_dropped() -> None:
    assert _effects("create temp table work (a int); alter table work alter a set not null; drop table work") == [
        "expand",
        "expand",
    ]


@pytest.mark.parametrize("query", ["select wipe()", "with gone as (delete from orders returning *) select * from gone"])
def test_a_table_that_is_made_of_a_query_is_what_the_query_is(query: str) -> None:
    assert _effects(f"create table t as {query}") == ["expand", "contract"]


@pytest.mark.parametrize(
    "text",
    [
        "drop schema shop cascade",
        "drop owned by app",
        "alter table orders set schema old",
        "create rule r as on insert to orders do instead nothing",
        "create trigger t before insert on orders execute function f()",
        "drop function f(int)",
        "drop type shop.state",
        "revoke select on orders from reader",
        "alter type state rename value 'held' to 'kept'",
    ],
)
def test_a_contract_of_which_nobody_can_tell_what_it_hits_is_opaque(text: str) -> None:
    assert [operation.opaque for operation in classify(text).operations] == [True]


def test_nobody_notices_an_index_that_is_gone() -> None:
    assert [operation.opaque for operation in classify("drop index i").operations] == [False]


def test_each_command_of_one_statement_is_classified() -> None:
    assert _effects("alter table orders add column a int, drop column b") == ["expand", "contract"]


@pytest.mark.parametrize("text", ["selct 1", "drop table", "select 1;\0 drop table orders", "\ufeffnope"])
def test_what_is_not_postgresql_is_a_problem(text: str) -> None:
    assert classify(text).problem is not None


def test_a_script_that_raises_is_noticed() -> None:
    assert classify("do $$ begin RAISE  Exception 'no way back'; end $$").raises is True


@pytest.mark.parametrize(
    ("text", "used", "hit"),
    [
        ("alter table orders drop column total", "orders.total", True),
        ("alter table orders drop column total", "orders", True),
        ("alter table orders drop column total", "orders.coupon", False),
        ("alter table orders drop column total", "public.orders.total", True),
        ("alter table orders drop column total", "shop.orders.total", True),
        ("alter table public.orders drop column total", "shop.orders.total", False),
        ("set search_path = shop; drop table orders", "shop.orders", True),
        ("drop table orders", "orders.total", True),
        ("drop table shop.orders", "orders.total", True),
        ("drop table shop.orders", "shop.orders.total", True),
        ("drop table orders", "customers", False),
        ('drop table "Orders"', "orders", True),
        ("alter table orders alter column total set not null", "orders.coupon", True),
    ],
)
def test_the_uses_that_an_operation_hits(text: str, used: str, hit: bool) -> None:
    assert any(overlaps(operation.target, used) for operation in classify(text).operations) is hit


SAMPLES = [
    "alter table orders add column coupon text not null default '', drop column total;",
    "create table if not exists t (a int primary key, b text references orders (id)); create index i on t (a);",
    "with gone as (delete from orders returning *) insert into archive select * from gone;",
    "do $$ begin raise exception 'no'; end $$; truncate orders; drop view v;",
]


@settings(max_examples=200)
@given(
    st.text(max_size=200) | st.tuples(st.sampled_from(SAMPLES), st.integers(0, 80), st.text(max_size=6)).map(_spliced)
)
def test_whatever_the_text_is_the_answer_is_operations_or_a_problem(text: str) -> None:
    script = classify(text)
    assert script.problem is None or not script.operations
    assert Script.model_validate_json(script.model_dump_json()) == script


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("create index by_total on orders (total)", False),
        ("create index concurrently by_total on orders (total)", True),
        ("drop index concurrently by_total", True),
        ("drop index by_total", False),
        ("reindex index concurrently by_total", True),
        ("reindex index by_total", False),
        ("vacuum orders", True),
        ("begin; create table a (b int); commit", True),
        ("set lock_timeout = '2s'; create table a (b int)", False),
        ("alter type mood add value 'calm'", False),
    ],
)
def test_what_has_to_run_outside_of_a_transaction_is_told(text: str, outside: bool) -> None:
    assert classify(text).outside_transaction is outside
