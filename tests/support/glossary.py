"""One word for each thing, everywhere: a table, its class, its address, its page and its tests share it.

A new table adds its word here first; the list of words to use and not to use stands in README.
"""

TABLES = {
    # core
    "stored_file": "封存文件",
    "idempotency_key": "幂等标记",
    "job_run": "作业运行",
    "lease": "作业租约",
    "outbox": "待发事件",
    "setting": "运行设置",
    "touch": "触动",
    "due": "到时",
    # audit
    "audit_chain": "审计链",
    "audit_entry": "审计记录",
    "audit_segment": "审计月段",
    "audit_anchor": "审计锚点",
    # places
    "place": "地点",
    "place_pack": "地点适用的法域包",
    "grid": "网格",
    "grid_assignment": "网格划分",
    "police_station": "派出所",
    "station_compound": "派出所辖区",
    "duty_hours": "值班时段",
    "duty_contact": "楼栋公示联系人",
    # accounts
    "party": "经营者主体",
    "user_account": "用户",
    "membership": "任职与权限",
    "trusted_device": "记住的设备",
    "user_session": "会话",
    "one_time_code": "一次性代码",
    "sign_in_attempt": "登录尝试",
    "api_key": "接口密钥",
    # units
    "unit": "房源",
    "unit_capacity": "核定人数",
    "unit_document": "证照、材料",
    "unit_listing": "平台房源链接",
    "party_role": "主体与房源的关系",
    "filing": "备案申请",
    "filing_step": "备案步骤",
    "floor_list": "楼层核对单",
    "floor_check": "楼层核对项",
    "cleaning_window": "保洁时段",
    # notices
    "notice": "通知、消息",
    "neighbour_message": "邻里留言",
    # stays
    "stay": "入住",
    "guest": "住客",
    "guest_version": "住客更正版本",
    "person": "自然人（指纹）",
    "night_mark": "当晚状态",
    "overseas_report": "境外人员申报",
    "shown_registration": "出示登记",
    # devices
    "device": "设备（智能门锁）",
    "device_source": "设备来源",
    "device_delivery": "设备上报",
    "lock_event": "门锁事件",
    # alerts
    "alert": "预警",
    "alert_unit": "预警涉及的房源",
    "alert_answer": "经营者答复",
    "alert_history": "预警经过",
    # rules
    "rule_setting": "规则设置",
    "sweep_run": "全量核对",
    # workorders
    "work_order": "工单",
    "work_order_photo": "工单照片",
    # succession
    "unit_transfer": "房源移交",
    # exports, reporting, imports
    "export": "导出",
    "export_members": "导出所含住客",
    "lookup": "精确查询",
    "month_figure": "月度统计",
    "import_batch": "导入批次",
    "import_row": "导入行",
}
# Words of the glossary's right-hand column: each has another word here.
NOT_OUR_WORDS = {
    "room", "house", "property", "estate", "operator", "host", "tenant", "occupant", "alarm", "warning", "task",
    "ticket", "patrol", "officer", "notification", "strategy", "detector",
}  # fmt: skip
