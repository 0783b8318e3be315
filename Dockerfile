# The build stage has a compiler, because the SQLite binding is compiled where no ready-made one can be fetched.
FROM node:20-bookworm-slim AS build
RUN apt-get update \
  && apt-get install -y --no-install-recommends python3 make g++ \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts && npm rebuild better-sqlite3 esbuild
COPY tsconfig.json tsconfig.build.json build.mjs ./
COPY src ./src
COPY wasm-actions ./wasm-actions
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    MAILTRIGGER_CONFIG=/etc/mailtrigger/routes.yaml \
    MAILTRIGGER_DATA=/data \
    MAILTRIGGER_SMTP_LISTEN=0.0.0.0:2525
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY wasm-actions ./wasm-actions
COPY fixtures ./fixtures
COPY routes.example.yaml routes.test.yaml ./
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 2525
# SIGTERM lets mails that are being received and deliveries that are being sent finish.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["node", "dist/main.js", "healthcheck"]
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "dist/main.js"]
CMD ["serve"]
