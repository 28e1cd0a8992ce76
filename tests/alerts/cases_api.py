"""Cases of the alerts on an API's health address, certificate and cache, and on buckets."""

from __future__ import annotations

from patterns import GAP, KEEP, LIFE, T0, aged, level, quiet, soon
from promtool import STALE, Cases, Scenario, gauge

API = '{api="ons", stage="prod"}'
BUCKET = '{bucket="raw"}'
_ENABLED = f"dataplatform_api_cache_enabled{API}"
_READY = 'dataplatform_api_cache_state{api="ons", stage="prod", state="available"}'
_OTHER = _READY.replace("available", "not_available")


def _cache() -> Cases:
    fired = T0 + 1815
    over = fired + 120
    on = {_ENABLED: gauge({0: 1})}
    return Cases(
        (
            Scenario(
                LIFE,
                {**on, _READY: gauge({0: 1, T0: 0, over: 1}), _OTHER: gauge({0: 0, T0: 1})},
                {fired - 15: 0, fired: 1, over + KEEP - 15: 1, over + KEEP + 15: 0},
            ),
            quiet({_ENABLED: gauge({0: 0}), _READY: gauge({0: 0})}, fired, over),
            quiet({**on, _READY: gauge({0: 1})}, fired, over),
            Scenario(
                frozenset({GAP}),
                {
                    _ENABLED: gauge({0: 1, fired + 15: STALE, fired + 75: 1}),
                    _READY: gauge({0: 1, T0: 0}),
                },
                {fired: 1, fired + 60: 1, fired + 120: 1},
            ),
        )
    )


CASES: dict[str, Cases] = {
    "ApiProbeDown": level(f"dataplatform_api_probe_up{API}", 1, 1, 0, wait=150),
    "ApiCertificateExpiring": soon(
        f"dataplatform_api_probe_certificate_expiry_timestamp_seconds{API}", 1_814_400
    ),
    "ApiCacheNotAvailable": _cache(),
    "BucketUnreachable": level(f"dataplatform_bucket_up{BUCKET}", 1, 1, 0, wait=150),
    "SnapshotTooOld": aged(f"dataplatform_bucket_snapshot_timestamp_seconds{BUCKET}", 604_800),
    "SnapshotMissing": level(f"dataplatform_bucket_snapshot_never{BUCKET}", 0, 0, 1),
    "SnapshotIncomplete": level(
        f"dataplatform_bucket_snapshot_complete{BUCKET}", 1, 1, 0, wait=7230, step=30
    ),
    "LifecycleMissing": level(f"dataplatform_bucket_lifecycle_rules{BUCKET}", 2, 1, 0),
    "BucketSettingUnknown": level(
        'dataplatform_bucket_setting_unknown_info{bucket="raw", setting="lifecycle",'
        ' reason="denied"}',
        0,
        0,
        1,
        wait=7230,
        step=30,
    ),
}
