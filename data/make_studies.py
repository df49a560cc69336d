"""Turns each raw table into a NONMEM-style ``study.csv`` beside it."""

from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent


def theophylline(raw: pd.DataFrame) -> pd.DataFrame:
    """One oral dose (mg/kg) at time 0, after the sample that was drawn then."""
    raw = raw.rename(columns={"Subject": "ID", "Wt": "WT", "Time": "TIME", "conc": "DV"})
    samples = raw.assign(AMT=0.0, EVID=0, MDV=0, order=raw.TIME)
    first = raw.groupby("ID", sort=False).head(1)
    doses = first.assign(AMT=first.Dose * first.WT, EVID=1, MDV=1, DV=float("nan"), order=1e-9)
    table = pd.concat([samples, doses]).sort_values(["ID", "order"], kind="stable")
    return table.assign(CMT=1)[["ID", "TIME", "EVID", "CMT", "AMT", "DV", "MDV", "WT"]]


def quinidine(raw: pd.DataFrame) -> pd.DataFrame:
    """Doses of quinidine base; an interval means steady state; AAG changes over time."""
    names = {"Subject": "ID", "time": "TIME", "dose": "AMT", "conc": "DV", "interval": "II"}
    names |= {"Age": "AGE", "Height": "HT", "Weight": "WT", "Creatinine": "CRCL", "glyco": "AAG"}
    names |= {name: name.upper() for name in ("Race", "Smoke", "Ethanol", "Heart")}
    table = raw.rename(columns=names)
    dosed, sampled = table.AMT.notna(), table.DV.notna()
    # Neither dosed nor sampled: a record that tells of changed covariates alone.
    table["EVID"] = dosed.astype(int) + 2 * (~dosed & ~sampled)
    table["MDV"] = (~sampled).astype(int)
    table["SS"] = table.II.notna().astype(int)
    table["CMT"] = 1
    table["HT"] = (table.HT * 2.54).round(2)
    table = table.fillna({"AMT": 0.0, "II": 0.0})
    covariates = ["AGE", "HT", "WT", "RACE", "SMOKE", "ETHANOL", "HEART", "CRCL", "AAG"]
    for name in ("WT", "HEART", "CRCL"):
        table[f"{name}0"] = table.groupby("ID", sort=False)[name].transform("first")
        covariates.append(f"{name}0")
    return table[["ID", "TIME", "EVID", "CMT", "AMT", "II", "SS", "DV", "MDV", *covariates]]


def main() -> None:
    """Write both tables."""
    for name, convert in (("theophylline", theophylline), ("quinidine", quinidine)):
        table = convert(pd.read_csv(HERE / name / "raw.csv"))
        for column in table.select_dtypes("float"):
            table[column] = table[column].round(6)
        path = HERE / name / "study.csv"
        table.to_csv(path, index=False, na_rep=".", lineterminator="\n")


if __name__ == "__main__":
    main()
