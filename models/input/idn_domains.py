"""The ASCII form of foreign domains: the one thing about addresses that SQL cannot work out.

A model in Python so that whatever builds the models builds it in its place, from what landed alone.
"""


def model(dbt, session):
    from dagster_project.idn import ascii_domain

    dbt.config(materialized="table")
    domains = [domain for (domain,) in dbt.ref("foreign_domains").fetchall()]
    known = [(domain, ascii_domain(domain)) for domain in sorted(domains)]
    session.execute("create or replace temp table _idn (domain varchar, ascii_domain varchar)")
    if known:
        session.executemany("insert into _idn values (?, ?)", known)
    return session.sql("from _idn")
