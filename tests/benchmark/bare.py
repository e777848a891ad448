"""The limit of a command: the same framework, server and pool, doing one bare insert. `python -m tests.benchmark.bare <url> <port>`."""

import sys
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI
from simpul_shared.platform.database import open_database
from uuid6 import uuid7


async def serve(url: str, port: int) -> None:
    async with open_database(url, name="bare", size=20) as database:
        app = FastAPI()

        @app.get("/health/ready")
        async def ready() -> dict[str, str]:
            return {"status": "ok"}

        @app.post("/bare", status_code=201)
        async def insert(body: dict[str, Any]) -> dict[str, Any]:
            bare_id = uuid7()
            await database.pool.execute("insert into bare (bare_id, body) values ($1, $2)", bare_id, body)
            return {"bare_id": bare_id}

        config = uvicorn.Config(app, port=port, log_config=None, access_log=False, lifespan="off")
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], int(sys.argv[2])))
