"""A stand-in for Grafana's HTTP API before a real Prometheus, so that the checks have run.

It speaks data sources, folders, import, ``/api/ds/query`` and a page of a dashboard, and refuses
what Grafana would: no or wrong credentials, a uid that is too long or has other characters, no
title, a folder or a data source that there is not, a query that Prometheus cannot parse. What it
cannot show: whether a real Grafana draws the panels, takes the fields of their options, fills the
variables, migrates the schema, or applies transformations. Only ``GRAFANA_URL`` can.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

import requests
from flask import Flask, jsonify, redirect, request
from flask.typing import ResponseReturnValue

SOURCE = "vigia-prometheus"
_UID = re.compile(r"[a-zA-Z0-9_-]+")
_MOST = 40
_TIMEOUT = 10


class StandIn:
    """The application, and what was put into it."""

    def __init__(self, prometheus: str, token: str) -> None:
        self.prometheus = prometheus
        self.folders: set[str] = set()
        self.boards: dict[str, dict[str, Any]] = {}
        self.homes: dict[str, str] = {}
        self.app = Flask("grafana", static_folder=None)
        self._allowed = f"Bearer {token}"
        self._routes(self.app)

    def _routes(self, app: Flask) -> None:
        app.before_request(self._known)
        app.add_url_rule("/api/datasources", view_func=self._sources)
        app.add_url_rule("/api/folders", view_func=self._make_folder, methods=["POST"])
        app.add_url_rule("/api/folders/<uid>", view_func=self._drop_folder, methods=["DELETE"])
        app.add_url_rule("/api/dashboards/db", view_func=self._import, methods=["POST"])
        app.add_url_rule("/api/dashboards/uid/<uid>", view_func=self._board)
        app.add_url_rule("/api/ds/query", view_func=self._query, methods=["POST"])
        app.add_url_rule("/d/<uid>", view_func=self._page)
        app.add_url_rule("/login", view_func=lambda: "<h1>Welcome to Grafana</h1>")

    def _known(self) -> ResponseReturnValue | None:
        if request.headers.get("Authorization") == self._allowed or request.path == "/login":
            return None
        return _refused(401, "Unauthorized") if _is_api() else redirect("/login")

    def _sources(self) -> ResponseReturnValue:
        return jsonify([{"uid": SOURCE, "type": "prometheus", "isDefault": True}])

    def _make_folder(self) -> ResponseReturnValue:
        uid = request.get_json()["uid"]
        if uid in self.folders:
            return _refused(412, "a folder with that uid already exists")
        self.folders.add(uid)
        return jsonify({"uid": uid})

    def _drop_folder(self, uid: str) -> ResponseReturnValue:
        self.folders.remove(uid)
        for board in [one for one, home in self.homes.items() if home == uid]:
            del self.boards[board], self.homes[board]
        return jsonify({"message": "Folder deleted"})

    def _import(self) -> ResponseReturnValue:
        asked = request.get_json()
        board = asked["dashboard"]
        uid = board.get("uid", "")
        if not board.get("title"):
            return _refused(400, "Dashboard title cannot be empty")
        if not _UID.fullmatch(uid):
            return _refused(400, "uid contains illegal characters")
        if len(uid) > _MOST:
            return _refused(400, f"uid too long, max {_MOST} characters")
        if asked.get("folderUid") not in self.folders:
            return _refused(400, "folder not found")
        if uid in self.boards and not asked.get("overwrite"):
            return _refused(412, "The dashboard has been changed by someone else")
        self.boards[uid] = board
        self.homes[uid] = asked["folderUid"]
        return jsonify({"uid": uid, "url": f"/d/{uid}", "status": "success"})

    def _board(self, uid: str) -> ResponseReturnValue:
        if uid not in self.boards:
            return _refused(404, "Dashboard not found")
        return jsonify({"dashboard": self.boards[uid], "meta": {}})

    def _query(self) -> ResponseReturnValue:
        queries = request.get_json()["queries"]
        if not queries:
            return _refused(400, "No queries found")
        if any(one["datasource"]["uid"] != SOURCE for one in queries):
            return _refused(404, "Data source not found")
        results = {one["refId"]: self._result(one) for one in queries}
        failed = any(one.get("error") for one in results.values())
        return jsonify({"results": results}), 400 if failed else 200

    def _result(self, query: dict[str, Any]) -> dict[str, Any]:
        answer = requests.post(
            f"{self.prometheus}/api/v1/query", data={"query": query["expr"]}, timeout=_TIMEOUT
        ).json()
        if answer["status"] != "success":
            return {"status": 400, "error": f"{answer['errorType']}: {answer['error']}"}
        return {"status": 200, "frames": answer["data"]["result"]}

    def _page(self, uid: str) -> ResponseReturnValue:
        if uid not in self.boards:
            return "<h1>Dashboard not found</h1>", 404
        if request.args.get("var-datasource") != SOURCE:
            error = '<p data-testid="data-testid Panel status error">Data source not found</p>'
        else:
            error = ""
        titles = "".join(
            f"<h2>{escape(panel['title'])}</h2>{error}" for panel in self.boards[uid]["panels"]
        )
        return f'<!doctype html><meta charset="utf-8">{titles}'


def _is_api() -> bool:
    return request.path.startswith("/api/")


def _refused(status: int, message: str) -> ResponseReturnValue:
    return jsonify({"message": message}), status
